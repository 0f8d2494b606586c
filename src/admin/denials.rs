//! `/denials`: credentials that are refused, whatever the configuration says of them: listing, making and lifting denials. How a
//! denial is asked for is in `denial_request`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Code, Snapshot, tag_of};
use crate::control::{Edit, Expect, GIVES_BACK, To, Wanted, gives_back};
use crate::model::{DenialKind, DenialSet, Denied, Instant, IssuedBefore, ResourceId, ResourceKind, Until};
use crate::store::{AskedDenials, Denial, DenialEntry};
use crate::telemetry::DecisionFilter;

use super::body::{Answer, Json};
use super::caller::Caller;
use super::denial_request::{AskedDenial, DenialRequest, WrongMember};
use super::page::{self, LARGEST, Name, Nothing, Page, Query};
use super::precondition::IfMatch;
use super::problem::{Problem, ProblemCode};
use super::write_query::Write;
use super::{AdminState, SharedState, api_keys, write};

/// How far a dry run looks back, in seconds.
const LATELY: u64 = 3600;

/// Which denials.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ListDenials")]
pub(super) struct List {
    /// Only those that name this.
    #[schemars(with = "Option<DenialKind>")]
    by: Option<String>,
    /// The page size.
    #[schemars(range(min = 1, max = LARGEST))]
    limit: Option<usize>,
    /// `next` of the previous page.
    after: Option<String>,
}

/// A denial.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Denial")]
pub(super) struct Shown {
    id: String,
    /// What it names; null when a newer version wrote it, and this one does not understand it.
    by: Option<DenialKind>,
    /// The identity provider with the issuer that it is about; null for any, and when none of the configuration has it.
    provider: Option<String>,
    /// The issuer whose tokens it is about; null for any.
    issuer: Option<String>,
    value: Option<String>,
    /// `all`, or the second up to which tokens were issued that it is about.
    issued_before: Option<String>,
    /// `never`, or when it ends.
    until: String,
    reason: String,
    actor: String,
    at: Option<jiff::Timestamp>,
    etag: String,
}

/// A denial that was made, or would be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DenialMade")]
pub(super) struct Made {
    #[serde(flatten)]
    shown: Shown,
    warnings: Vec<String>,
    dry_run: bool,
    /// With `dry_run`: how many running streams it would end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    streams: Option<usize>,
    /// With `dry_run`: how many of the requests of the last hour that this gateway remembers it would have refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(required)]
    requests: Option<usize>,
}

/// A denial that was lifted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DenialLifted")]
pub(super) struct Lifted {
    id: String,
    dry_run: bool,
}

impl Shown {
    fn of(id: &str, entry: &DenialEntry, live: &Snapshot) -> Self {
        let (note, denied) = (entry.note(), entry.denies.as_ref());
        let issuer = denied.and_then(|denied| denied.issuer.as_deref());
        let is_of = |own: &str| issuer.is_some_and(|issuer| issuer == own);
        let provider = live.providers.iter().find(|(_, provider)| is_of(provider.spec().issuer.as_str()));
        Self {
            id: id.to_owned(),
            by: denied.map(|denied| denied.kind),
            provider: provider.map(|(name, _)| name.to_string()),
            issuer: issuer.map(str::to_owned),
            value: denied.map(|denied| denied.value.to_string()),
            issued_before: denied.map(|denied| match denied.issued_before {
                IssuedBefore::All => "all".to_owned(),
                IssuedBefore::At(at) => at.timestamp().to_string(),
            }),
            until: entry.until.at().map_or_else(|| "never".to_owned(), |end| end.timestamp().to_string()),
            reason: note.reason,
            actor: note.actor,
            at: note.at,
            etag: tag_of(&entry.text),
        }
    }
}

/// A denial as the API shows one that was made, for a command that makes or lists it without a gateway.
#[must_use]
pub fn made_denial(
    id: &str,
    entry: &DenialEntry,
    live: &Snapshot,
    warnings: Vec<String>,
) -> serde_json::Value {
    let shown = Shown::of(id, entry, live);
    let made = Made { shown, warnings, dry_run: false, streams: None, requests: None };
    serde_json::to_value(made).unwrap_or_default()
}

/// Returns one page of the denials in force, in the order of ids.
pub(super) async fn list(
    State(state): State<SharedState>,
    Query(list): Query<List>,
) -> Result<Answer<Page<Shown>>, Problem> {
    let limit = page::limit(list.limit)?;
    let kind = list.by.as_deref().map(|word| {
        DenialKind::parse(word).ok_or_else(|| Problem::bad_query("`by` is nothing that a denial can name"))
    });
    let now = state.admin.clock.now();
    let asked = AskedDenials { after: list.after, limit, kind: kind.transpose()?, now };
    let listed = state.control().denials(asked).await?;
    let live = state.control().live();
    let next = listed.items.last().filter(|_| listed.has_more).map(|(id, _)| id.to_string());
    let items = listed.items.iter().map(|(id, entry)| Shown::of(id, entry, &live)).collect();
    Ok(Answer(Page { items, next, total: listed.total }))
}

/// Returns one denial, with its tag.
pub(super) async fn show(
    State(state): State<SharedState>,
    Name(id): Name,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let entry = find(&state, &id).await?;
    let shown = Shown::of(&id, &entry, &state.control().live());
    let tag = write::etag(&shown.etag);
    Ok(write::with_tag(Answer(shown).into_response(), tag))
}

async fn find(state: &AdminState, id: &str) -> Result<Arc<DenialEntry>, Problem> {
    let now = state.admin.clock.now();
    let found = state.control().denial(id).await?.filter(|entry| !entry.until.has_passed(now));
    found.ok_or_else(|| Problem::not_found(&format!("denial {id:?}")))
}

/// Makes a denial.
pub(super) async fn create(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    query: Write,
    Json(request): Json<DenialRequest>,
) -> Result<Response, Problem> {
    let (now, live) = (state.admin.clock.now(), state.control().live());
    let AskedDenial { mut denial, warnings } = request.read(&live, caller.who(), now)?;
    if denial.denied.kind == DenialKind::ApiKey && !is_stored(&live, &denial.denied) {
        // Nothing else says of such a key that it is revoked, and it is revoked for good.
        denial.denied.until = Until::Never;
    }
    if query.dry_run {
        state.control().can_deny()?;
        return Ok(Answer(tried(&state, &live, &denial, warnings)).into_response());
    }
    let entry = state.control().deny(denial.clone(), query.force).await?;
    revoke(&state, &caller, &live, &denial, query).await?;
    let id = denial.id();
    let shown = Shown::of(&id, &entry, &live);
    let tag = write::etag(&shown.etag);
    let made = Made { shown, warnings, dry_run: false, streams: None, requests: None };
    let mut response = (StatusCode::CREATED, Answer(made)).into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/denials/{id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(write::with_tag(response, tag))
}

/// What a denial would do.
fn tried(state: &AdminState, live: &Snapshot, denial: &Denial, warnings: Vec<String>) -> Made {
    let now = state.admin.clock.now();
    let entry = DenialEntry::read(&denial.text());
    Made {
        shown: Shown::of(&denial.id(), &entry, live),
        warnings,
        dry_run: true,
        streams: Some(state.control().streams_of(&denial.denied, now)),
        requests: Some(requests_of(state, &denial.denied, now)),
    }
}

/// How many of the requests of the last hour a denial would have refused, of those that are remembered.
fn requests_of(state: &AdminState, denied: &Denied, now: Instant) -> usize {
    let set: DenialSet = [denied.clone()].into_iter().collect();
    let recent = state.admin.decisions.recent(&DecisionFilter::default(), usize::MAX);
    let lately = recent.iter().filter(|record| now.since(record.at).as_secs() < LATELY);
    let hits = lately.filter(|record| {
        record.identity.as_deref().is_some_and(|identity| match &identity.principal {
            Some(principal) => set.of_token(principal, now, || None).is_some(),
            None => identity.key_id.as_deref().is_some_and(|id| set.of_api_key(id, now).is_some()),
        })
    });
    hits.count()
}

fn is_stored(live: &Snapshot, denied: &Denied) -> bool {
    ResourceId::new(ResourceKind::ApiKey, &denied.value).is_some_and(|id| live.is_stored(&id))
}

/// Revokes a stored API key that is denied, so that it is revoked for good, also when the denial is lifted.
async fn revoke(
    state: &AdminState,
    caller: &Caller,
    live: &Snapshot,
    denial: &Denial,
    query: Write,
) -> Result<(), Problem> {
    if denial.denied.kind != DenialKind::ApiKey || !is_stored(live, &denial.denied) {
        return Ok(());
    }
    let (key, written) = api_keys::find(live, &denial.denied.value)?;
    let now = state.admin.clock.now();
    if api_keys::has_passed(key.revoked_at(), now) {
        return Ok(());
    }
    let mut spec = written.spec;
    if let serde_json::Value::Object(members) = &mut spec {
        let at = write::timestamp(now).unwrap_or_default();
        members.insert("revoked_at".to_owned(), at.to_string().into());
    }
    let id = api_keys::id(&denial.denied.value)?;
    let edit = Edit {
        who: caller.who(),
        what: format!("revoke {id}, which was denied"),
        wanted: vec![Wanted { id, expect: Expect::Present, to: To::Json(spec) }],
        dry_run: false,
        force: query.force,
    };
    state.control().edit(edit).await?;
    Ok(())
}

/// Lifts a denial.
pub(super) async fn delete(
    State(state): State<SharedState>,
    Extension(caller): Extension<Caller>,
    Name(id): Name,
    query: Write,
    IfMatch(expect): IfMatch,
) -> Result<Answer<Lifted>, Problem> {
    let entry = find(&state, &id).await?;
    if let Expect::Tags(tags) = &expect
        && !tags.contains(&tag_of(&entry.text))
    {
        return Err(stale(&id));
    }
    let (now, live) = (state.admin.clock.now(), state.control().live());
    if entry.denies.as_ref().is_some_and(|denied| gives_back(denied, &live, now)) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemCode::NotAccepted, GIVES_BACK));
    }
    if query.dry_run {
        state.control().can_deny()?;
    } else if !state.control().lift(&id, &entry, caller.who()).await? {
        return Err(stale(&id));
    }
    Ok(Answer(Lifted { id, dry_run: query.dry_run }))
}

fn stale(id: &str) -> Problem {
    let detail = format!("denial {id:?} was changed in the meantime; read it again");
    Problem::new(StatusCode::PRECONDITION_FAILED, ProblemCode::PreconditionFailed, detail)
}

impl From<WrongMember> for Problem {
    fn from(WrongMember { member, message }: WrongMember) -> Self {
        let code = match member {
            "by" => Code::BadWord,
            "until" | "issued_before" => Code::BadDate,
            "skew" => Code::BadDuration,
            "provider" => Code::UnknownProvider,
            "reason" => Code::BadLabel,
            _ => Code::BadClaim,
        };
        Self::invalid(&format!("/{member}"), code, message)
    }
}
