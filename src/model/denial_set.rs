//! The denials in force, laid out for the requests that ask for them: by kind, rows in the order of a hash of 128 bits under
//! keys of this process, and an index into them. Nobody can find two names with one hash, so a row stands for its name, and a
//! million of them take 34 MiB, whatever their names are.

use super::denial::{DenialKind, Denied, IssuedBefore, Until};
use super::principal::{Name, Principal};
use super::{Digest, Instant, KeyedHash};

/// How many kinds there are.
const KINDS: usize = DenialKind::ALL.len();
/// How many bits more the numbers have by which absent names are told: of sixteen of them, one is somebody's.
const FINER: u32 = 4;
/// The row is about names that anybody gave.
const ANY: u32 = u32::MAX;
/// [`IssuedBefore::All`], and [`Until::Never`]. The last second before it is in the year 2106.
const ALWAYS: u32 = u32::MAX;

/// The denials in force.
#[derive(Debug, Clone)]
pub struct DenialSet {
    tables: [Table; KINDS],
    /// The issuers that rows name, by their number.
    issuers: Vec<KeyedHash>,
    /// The first end of a row.
    soonest: u32,
}

/// Denials that are added to others.
#[derive(Debug)]
pub struct MoreDenials {
    issuers: Vec<KeyedHash>,
    rows: [Vec<Row>; KINDS],
}

/// One denial: 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    value: KeyedHash,
    /// The number of the issuer, or [`ANY`].
    issuer: u32,
    /// The last second of issue that it is about, or [`ALWAYS`].
    issued_before: u32,
    /// The second in which it ends, or [`ALWAYS`].
    until: u32,
}

/// The rows of one kind.
#[derive(Debug, Clone, Default)]
struct Table {
    /// In the order of their hashes.
    rows: Box<[Row]>,
    /// Where the rows begin whose hashes begin with the bits of each number, and where the last ones end. There are about as
    /// many numbers as rows, so that one of them leads to a row or two.
    begins: Box<[u32]>,
    /// The bits of a hash that are no part of such a number.
    shift: u32,
    /// A bit for each longer number, set where a row begins with it: a name that nobody denies, which nearly every one is, finds
    /// none here, in a memory that a core has at hand.
    seen: Box<[u64]>,
}

impl Table {
    fn new(mut rows: Vec<Row>) -> Self {
        if rows.is_empty() {
            return Self::default();
        }
        // Those that say the same stand side by side.
        rows.sort_by_key(|row| (row.value.halves(), row.issuer, row.issued_before, row.until));
        rows.dedup();
        let bits = rows.len().ilog2();
        let mut seen = vec![0; (1_usize << (bits + FINER)).div_ceil(64)];
        let shift = u64::BITS - bits;
        let mut table = Self { rows: rows.into(), begins: Box::default(), shift, seen: Box::default() };
        let mut begins = Vec::with_capacity((1 << bits) + 1);
        for (at, row) in (0_u32..).zip(&table.rows) {
            begins.resize(begins.len().max(table.number(row.value) + 1), at);
            let (word, bit) = place(row.value, table.shift);
            if let Some(word) = seen.get_mut(word) {
                *word |= bit;
            }
        }
        begins.resize((1 << bits) + 1, u32::try_from(table.rows.len()).unwrap_or(u32::MAX));
        (table.begins, table.seen) = (begins.into(), seen.into());
        table
    }

    fn number(&self, value: KeyedHash) -> usize {
        let (first, _) = value.halves();
        usize::try_from(first.checked_shr(self.shift).unwrap_or_default()).unwrap_or(usize::MAX)
    }

    /// The rows with this hash.
    fn of(&self, value: KeyedHash) -> impl Iterator<Item = &Row> {
        let (word, bit) = place(value, self.shift);
        let is_seen = self.seen.get(word).is_some_and(|word| word & bit != 0);
        let number = self.number(value);
        let end = |number: usize| self.begins.get(number).copied().unwrap_or_default() as usize;
        let rows = if is_seen { self.rows.get(end(number)..end(number.saturating_add(1))) } else { None };
        let rows = rows.unwrap_or_default();
        rows.iter().filter(move |row| row.value == value)
    }
}

/// Where the bit of a hash is.
fn place(value: KeyedHash, shift: u32) -> (usize, u64) {
    let (first, _) = value.halves();
    // Of the shortest table, whose numbers have no bits, four are left.
    let at = first.checked_shr(shift.saturating_sub(FINER)).unwrap_or_default();
    (usize::try_from(at / 64).unwrap_or(usize::MAX), 1 << (at % 64))
}

impl Default for DenialSet {
    fn default() -> Self {
        Self { tables: std::array::from_fn(|_| Table::default()), issuers: Vec::new(), soonest: ALWAYS }
    }
}

impl FromIterator<Denied> for DenialSet {
    fn from_iter<I: IntoIterator<Item = Denied>>(all: I) -> Self {
        Self::default().with(all)
    }
}

impl DenialSet {
    /// These, and more.
    #[must_use]
    pub fn with(&self, more: impl IntoIterator<Item = Denied>) -> Self {
        let mut rows = self.more();
        more.into_iter().for_each(|denied| rows.add(&denied));
        self.and(rows)
    }

    /// What takes more entries, one at a time: of a million, no more than what requests meet is held at once.
    #[must_use]
    pub fn more(&self) -> MoreDenials {
        MoreDenials { issuers: self.issuers.clone(), rows: std::array::from_fn(|_| Vec::new()) }
    }

    /// These, and what [`Self::more`] of them took.
    #[must_use]
    pub fn and(&self, MoreDenials { issuers, rows }: MoreDenials) -> Self {
        let both = self.tables.iter().zip(rows);
        let mut tables = both.map(|(table, more)| match (table.rows.is_empty(), more.is_empty()) {
            (_, true) => table.clone(),
            (true, false) => Table::new(more),
            (false, false) => Table::new([&*table.rows, &more].concat()),
        });
        let tables = std::array::from_fn(|_| tables.next().unwrap_or_default());
        Self { tables, issuers, soonest: ALWAYS }.counted()
    }

    /// Those that have not ended, where some have.
    #[must_use]
    pub fn without_ended(&self, now: Instant) -> Option<Self> {
        if self.ended(now) == 0 {
            return None;
        }
        let kept = |table: &Table| {
            Table::new(table.rows.iter().copied().filter(|row| !row.has_ended(now.unix())).collect())
        };
        let mut tables = self.tables.iter().map(kept);
        let tables = std::array::from_fn(|_| tables.next().unwrap_or_default());
        Some(Self { tables, issuers: self.issuers.clone(), soonest: ALWAYS }.counted())
    }

    fn counted(self) -> Self {
        let soonest = self.rows().map(|row| row.until).min().unwrap_or(ALWAYS);
        Self { soonest, ..self }
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| &table.rows)
    }

    fn table(&self, kind: DenialKind) -> Option<&Table> {
        self.tables.get(kind as usize).filter(|table| !table.rows.is_empty())
    }

    /// How many entries of a kind there are.
    #[must_use]
    pub fn len(&self, kind: DenialKind) -> usize {
        self.table(kind).map_or(0, |table| table.rows.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        DenialKind::ALL.iter().all(|kind| self.len(*kind) == 0)
    }

    /// How many have ended and are still here.
    #[must_use]
    pub fn ended(&self, now: Instant) -> usize {
        let has_none = u64::from(self.soonest) > now.unix() || self.soonest == ALWAYS;
        if has_none { 0 } else { self.rows().filter(|row| row.has_ended(now.unix())).count() }
    }

    /// How many of those that keep new tokens out as well end before `by`: whoever they name gets in again then.
    #[must_use]
    pub fn ending(&self, by: Instant, now: Instant) -> usize {
        let ends = |row: &&Row| {
            row.issued_before == ALWAYS && !row.has_ended(now.unix()) && row.has_ended(by.unix())
        };
        if u64::from(self.soonest) > by.unix() { 0 } else { self.rows().filter(ends).count() }
    }

    /// By what a denial names this token, if one does. `signed` gives the digest of what was signed; it is called when single
    /// tokens are denied, and this one was not hashed yet.
    #[must_use]
    pub fn of_token(
        &self,
        principal: &Principal,
        now: Instant,
        signed: impl FnOnce() -> Option<Digest>,
    ) -> Option<DenialKind> {
        if self.table(DenialKind::TokenSha256).is_some() {
            principal.know_token(signed);
        }
        let names = principal.names().iter().copied().chain(principal.known_token());
        names.into_iter().find(|name| self.names(*name, principal.issued(), now)).map(|name| name.kind)
    }

    fn names(&self, Name { kind, issuer, value }: Name, issued: Option<u64>, now: Instant) -> bool {
        let Some(table) = self.table(kind) else { return false };
        table.of(value).any(|row| {
            let is_of = || self.issuers.get(row.issuer as usize) == Some(&issuer);
            let is_before = issued
                .is_none_or(|issued| row.issued_before == ALWAYS || issued <= u64::from(row.issued_before));
            is_before && !row.has_ended(now.unix()) && (row.issuer == ANY || is_of())
        })
    }

    /// Whether the API key with this id is denied.
    #[must_use]
    pub fn of_api_key(&self, id: &str, now: Instant) -> Option<DenialKind> {
        let table = self.table(DenialKind::ApiKey)?;
        let is_denied = table.of(KeyedHash::of(id)).any(|row| !row.has_ended(now.unix()));
        is_denied.then_some(DenialKind::ApiKey)
    }
}

impl MoreDenials {
    /// Adds one.
    pub fn add(&mut self, denied: &Denied) {
        let row = row(denied, &mut self.issuers);
        if let Some(rows) = self.rows.get_mut(denied.kind as usize) {
            rows.push(row);
        }
    }
}

impl Row {
    fn has_ended(&self, now: u64) -> bool {
        self.until != ALWAYS && u64::from(self.until) <= now
    }
}

/// A row that denies what the entry denies. What a row cannot express, it denies for longer.
fn row(denied: &Denied, issuers: &mut Vec<KeyedHash>) -> Row {
    let value = match denied.kind {
        DenialKind::TokenSha256 => {
            Digest::from_hex(&denied.value).map(|digest| KeyedHash::of(digest.as_bytes()))
        }
        DenialKind::Sub
        | DenialKind::ClientId
        | DenialKind::Jti
        | DenialKind::Sid
        | DenialKind::Act
        | DenialKind::Kid
        | DenialKind::ApiKey => None,
    };
    let issuer = denied.issuer.as_deref().map(KeyedHash::of).map(|issuer| {
        let known = issuers.iter().position(|known| *known == issuer);
        known.unwrap_or_else(|| {
            issuers.push(issuer);
            issuers.len() - 1
        })
    });
    let seconds = |at: Instant| u32::try_from(at.unix()).unwrap_or(ALWAYS);
    // An end within a second is that of the second after it.
    let whole = |at: Instant| seconds(at.plus(std::time::Duration::from_nanos(999_999_999)));
    Row {
        value: value.unwrap_or_else(|| KeyedHash::of(&*denied.value)),
        issuer: issuer.map_or(ANY, |number| u32::try_from(number).unwrap_or(ANY)),
        issued_before: match denied.issued_before {
            IssuedBefore::All => ALWAYS,
            IssuedBefore::At(at) => seconds(at),
        },
        until: match denied.until {
            Until::Never => ALWAYS,
            Until::At(end) => whole(end),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Claims, Identity};
    use super::*;
    use serde_json::{Value, json};

    const NOW: Instant = Instant::from_unix(1_000);
    const IDP: &str = "https://idp.example";

    fn denied(kind: DenialKind, value: &str) -> Denied {
        let issued_before = IssuedBefore::All;
        Denied { kind, issuer: None, value: value.into(), issued_before, until: Until::Never }
    }

    fn principal(claims: Value) -> Principal {
        let claims = Claims::new(claims.as_object().cloned().unwrap());
        Principal::of(IDP, &claims, &Identity::from_claims(&claims, None, 0, Some("k1")).names())
    }

    fn names(denied: Denied, principal: &Principal) -> Option<DenialKind> {
        let set: DenialSet = [denied].into_iter().collect();
        set.of_token(principal, NOW, || None)
    }

    #[test]
    fn a_token_is_denied_by_each_of_its_names_and_by_no_other() {
        let caller = principal(json!({
            "iss": IDP, "iat": 900, "sub": "s", "client_id": "c", "jti": "j", "sid": "session",
            "act": {"sub": "a1", "act": {"iss": "https://other.example", "sub": "a2", "act": {"sub": "a3"}}},
        }));
        for (kind, value) in [
            (DenialKind::Sub, "s"),
            (DenialKind::ClientId, "c"),
            (DenialKind::Jti, "j"),
            (DenialKind::Sid, "session"),
            (DenialKind::Kid, "k1"),
            (DenialKind::Act, "a1"),
            (DenialKind::Act, "a2"),
            (DenialKind::Act, "a3"),
        ] {
            assert_eq!(names(denied(kind, value), &caller), Some(kind), "{kind} {value}");
            assert_eq!(names(denied(kind, &format!("{value}x")), &caller), None, "{kind} {value}x");
            let others = DenialKind::ALL.iter().filter(|other| **other != kind);
            for other in others {
                assert_eq!(names(denied(*other, value), &caller), None, "{other} {value}");
            }
        }
        assert_eq!(
            names(denied(DenialKind::ClientId, "p"), &principal(json!({"azp": "p"}))),
            Some(DenialKind::ClientId)
        );
        assert_eq!(
            names(denied(DenialKind::Sub, ""), &principal(json!({}))),
            None,
            "what is absent has no name"
        );
    }

    #[test]
    fn an_issuer_names_its_own_and_an_actor_may_be_of_another() {
        let caller = principal(json!({
            "sub": "s", "act": {"sub": "a1", "act": {"iss": "https://other.example", "sub": "a2"}},
        }));
        for (kind, value, issuer, wanted) in [
            (DenialKind::Sub, "s", None, true),
            (DenialKind::Sub, "s", Some(IDP), true),
            (DenialKind::Sub, "s", Some("https://idp.example/"), false),
            (DenialKind::Act, "a1", Some(IDP), true),
            (DenialKind::Act, "a1", Some("https://other.example"), false),
            (DenialKind::Act, "a2", Some("https://other.example"), true),
            (DenialKind::Act, "a2", Some(IDP), false),
            (DenialKind::Act, "a2", None, true),
        ] {
            let entry = Denied { issuer: issuer.map(Box::from), ..denied(kind, value) };
            assert_eq!(names(entry, &caller).is_some(), wanted, "{kind} {value} {issuer:?}");
        }
    }

    #[test]
    fn a_token_is_denied_up_to_the_second_and_one_without_a_time_of_issue_is_always() {
        let before = |at: f64| IssuedBefore::At(Instant::from_duration(Duration::from_secs_f64(at)));
        for (iat, issued_before, wanted) in [
            (json!(899), before(900.0), true),
            (json!(900), before(900.0), true),
            (json!(900.999), before(900.0), true),
            (json!(901), before(900.0), false),
            (json!(901), before(900.9), false),
            (json!(2_000_000_000), before(900.0), false),
            (json!(2_000_000_000), IssuedBefore::All, true),
            (Value::Null, before(900.0), true),
            (Value::Null, before(0.0), true),
            (json!(9_007_199_254_740_991_u64), before(1e10), true),
        ] {
            let caller = principal(json!({"sub": "s", "iat": iat}));
            let entry = Denied { issued_before, ..denied(DenialKind::Sub, "s") };
            assert_eq!(names(entry, &caller).is_some(), wanted, "{iat} {issued_before:?}");
        }
    }

    #[test]
    fn an_entry_denies_until_it_ends_and_is_dropped_then() {
        let until = |at: u64| Until::At(Instant::from_unix(at));
        let key = |id: &str, end| Denied::api_key(id, end);
        let far = Until::At(Instant::from_unix(u64::MAX));
        let fraction = Until::At(Instant::from_duration(Duration::from_millis(1_000_001)));
        let set: DenialSet = [
            key("a", Until::Never),
            key("b", until(1_000)),
            key("c", until(1_001)),
            key("d", far),
            key("e", fraction),
        ]
        .into_iter()
        .collect();
        let denied = |set: &DenialSet| -> String {
            let denies = |id: &char| set.of_api_key(&id.to_string(), NOW).is_some();
            ('a'..='f').filter(denies).collect()
        };
        assert_eq!((denied(&set), set.len(DenialKind::ApiKey), set.ended(NOW)), ("acde".to_owned(), 5, 1));
        let kept = set.without_ended(NOW).unwrap();
        assert_eq!((denied(&kept), kept.len(DenialKind::ApiKey)), ("acde".to_owned(), 4));
        assert!(kept.without_ended(NOW).is_none());
        assert!(DenialSet::default().without_ended(NOW).is_none() && DenialSet::default().is_empty());
    }

    #[test]
    fn of_two_entries_about_the_same_the_longer_one_counts() {
        let at = |seconds| Until::At(Instant::from_unix(seconds));
        for ends in [[at(2_000), at(50)], [at(50), at(2_000)], [Until::Never, at(50)], [at(50), Until::Never]]
        {
            let set: DenialSet = ends.into_iter().map(|until| Denied::api_key("a", until)).collect();
            assert!(set.of_api_key("a", NOW).is_some(), "{ends:?}");
        }
        let one = Denied { issued_before: IssuedBefore::At(NOW), ..denied(DenialKind::Sub, "s") };
        let set: DenialSet = [one.clone(), denied(DenialKind::Sub, "s"), one].into_iter().collect();
        assert_eq!(set.len(DenialKind::Sub), 2, "the same twice is once");
        let later = principal(json!({"sub": "s", "iat": 5_000}));
        assert!(set.of_token(&later, NOW, || None).is_some());
    }

    #[test]
    fn those_that_keep_new_tokens_out_are_told_of_before_they_end() {
        let until = Until::At(NOW.plus(Duration::from_secs(100)));
        let up_to = Denied { issued_before: IssuedBefore::At(NOW), until, ..denied(DenialKind::Sub, "a") };
        let all = Denied { until, ..denied(DenialKind::Sub, "b") };
        let set: DenialSet = [up_to, all, denied(DenialKind::Sub, "c")].into_iter().collect();
        let ending = |after: u64| set.ending(NOW.plus(Duration::from_secs(after)), NOW);
        assert_eq!((ending(99), ending(100), ending(1_000)), (0, 1, 1));
    }

    #[test]
    fn one_token_is_denied_by_the_digest_of_what_was_signed_which_is_made_once() {
        let (digest, other) = (Digest::of(b"header.payload"), Digest::of(b"other"));
        let of = |digest: Digest| denied(DenialKind::TokenSha256, &digest.to_hex());
        let set: DenialSet = [of(digest)].into_iter().collect();
        let (this, another) = (principal(json!({})), principal(json!({})));
        assert_eq!(set.of_token(&this, NOW, || None), None, "nobody knows which token it is");
        assert_eq!(set.of_token(&this, NOW, || Some(digest)), Some(DenialKind::TokenSha256));
        assert_eq!(set.of_token(&this, NOW, || panic!("it is known")), Some(DenialKind::TokenSha256));
        assert_eq!(set.of_token(&another, NOW, || Some(other)), None);
        let none: DenialSet = [denied(DenialKind::Sub, "s")].into_iter().collect();
        let asked = none.of_token(&principal(json!({})), NOW, || panic!("no token is denied by itself"));
        assert_eq!(asked, None);
    }

    #[test]
    fn many_entries_are_each_found_and_nothing_else_is() {
        for count in [1_u32, 2, 3, 7, 8, 9, 1_000, 1_023, 1_025] {
            let all = (0..count).map(|n| denied(DenialKind::Jti, &n.to_string()));
            let (even, odd): (Vec<_>, Vec<_>) =
                all.partition(|entry| entry.value.parse::<u32>().is_ok_and(|n| n % 2 == 0));
            let set = DenialSet::default().with(even).with(odd);
            assert_eq!(set.len(DenialKind::Jti), count as usize);
            for n in 0..count {
                let caller = principal(json!({"jti": n.to_string()}));
                assert!(set.of_token(&caller, NOW, || None).is_some(), "{n} of {count}");
            }
            for n in count..count + 100 {
                let caller = principal(json!({"jti": n.to_string()}));
                assert!(set.of_token(&caller, NOW, || None).is_none(), "{n} beside {count}");
            }
        }
    }

    /// `PORTCULLIS_LONG=1 cargo nextest run --release a_million`: the figures are printed.
    #[test]
    fn a_million_entries_take_34_mib() {
        let count: u32 = if std::env::var_os("PORTCULLIS_LONG").is_some() { 1_000_000 } else { 20_000 };
        let set: DenialSet = (0..count).map(|n| denied(DenialKind::Jti, &format!("token-{n}"))).collect();
        let bytes = set
            .tables
            .iter()
            .map(|t| size_of_val(&*t.rows) + size_of_val(&*t.begins) + size_of_val(&*t.seen))
            .sum::<usize>();
        let one = size_of::<Row>() + size_of::<u32>() + 2;
        assert!(size_of::<Row>() == 32 && bytes <= count as usize * one + 64, "{bytes} bytes");
        let callers: Vec<_> = (0..1_000)
            .map(|n| principal(json!({"jti": format!("token-{}", n * 1_999 % (2 * count))})))
            .collect();
        let began = std::time::Instant::now();
        let rounds = 200;
        let hits =
            (0..rounds).flat_map(|_| &callers).filter(|caller| set.of_token(caller, NOW, || None).is_some());
        let hits = hits.count();
        let each = began.elapsed().as_nanos() / (rounds * callers.len()) as u128;
        eprintln!("{count} entries: {bytes} bytes, {each} ns for a token with 2 names, {hits} hits");
    }
}
