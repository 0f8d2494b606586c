//! The checks of one target: each of its addresses is asked, and the target is well as long as one of them is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::SocketAddr;

use futures::future::join_all;

use crate::model::{Clock, Instant};
use crate::net::{FetchError, Fetcher};
use crate::upstream::{Row, Target};

use super::check_plan::Plan;

/// What was asked so far, by address. A target with one address, or with a socket, has one without.
#[derive(Default)]
pub(super) struct Checks(BTreeMap<Option<SocketAddr>, Check>);

/// The checks of one address.
struct Check {
    fetcher: Fetcher,
    row: Row,
    /// What the last row of the same outcome said.
    is_well: Option<bool>,
}

/// What one check has seen, and where.
type Seen = (Option<SocketAddr>, Result<(), String>);

impl Checks {
    /// Asks all addresses of a target at the same time, and notes what that says.
    ///
    /// # Errors
    /// When nobody can be asked at all, as with a certificate that cannot be shown.
    pub(super) async fn make(
        &mut self,
        target: &Target,
        plan: &Plan,
        clock: &dyn Clock,
    ) -> Result<(), FetchError> {
        self.follow(target, plan)?;
        let asked = self.0.iter().map(|(at, check)| async { (*at, look(&check.fetcher, plan).await) });
        let seen: Vec<Seen> = join_all(asked).await;
        let now = clock.now();
        let mut said = None;
        for (at, outcome) in &seen {
            said = said.max(self.note(target, plan, (*at, outcome), now));
        }
        let all = || self.0.values().map(|check| check.is_well);
        if let Some(well) = said.and_then(|said| best(said, all())) {
            decide(target, well, &seen, now);
        }
        Ok(())
    }

    /// Checks the addresses that the target has now. What is known of one that stays goes on.
    fn follow(&mut self, target: &Target, plan: &Plan) -> Result<(), FetchError> {
        let addresses = target.endpoint.addresses();
        let wanted: Vec<Option<SocketAddr>> =
            if addresses.len() < 2 { vec![None] } else { addresses.into_iter().map(Some).collect() };
        self.0.retain(|at, _| wanted.contains(at));
        for at in wanted {
            if let Entry::Vacant(place) = self.0.entry(at) {
                let fetcher = plan.fetcher(target, at)?;
                place.insert(Check { fetcher, row: Row::default(), is_well: None });
            }
        }
        Ok(())
    }

    /// Notes what was seen at one address. Returns what a row of the same outcome says of it now.
    fn note(
        &mut self,
        target: &Target,
        plan: &Plan,
        (at, seen): (Option<SocketAddr>, &Result<(), String>),
        now: Instant,
    ) -> Option<bool> {
        if let Err(error) = seen {
            let what = match at {
                Some(at) => format!("health check of {at}: {error}"),
                None => format!("health check: {error}"),
            };
            target.standing.note(what, now);
        }
        let check = self.0.get_mut(&at)?;
        let well = check.row.note(seen.is_ok(), &plan.health)?;
        check.is_well = Some(well);
        if let Some(address) = at.filter(|at| target.checked_at(*at, well, now)) {
            say_of_address(target, address, seen);
        }
        Some(well)
    }
}

/// Whether a target is well, when a row that ends now says so or not of one of its addresses: well when that one is, and not when
/// none is. One that is not known could be well.
fn best(said: bool, all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = all;
    if said { Some(true) } else { all.all(|one| one == Some(false)).then_some(false) }
}

/// The target stands as its best address does.
fn decide(target: &Target, well: bool, seen: &[Seen], now: Instant) {
    if !target.standing.checked(well, now) {
        return;
    }
    let error = seen.iter().find_map(|(_, outcome)| outcome.as_ref().err());
    match error.filter(|_| !well) {
        None => tracing::info!(target_url = &*target.name, "a target passes its health checks again"),
        Some(error) => tracing::warn!(
            target_url = &*target.name,
            error,
            "a target fails its health checks and is taken out"
        ),
    }
}

fn say_of_address(target: &Target, address: SocketAddr, seen: &Result<(), String>) {
    let target_url = &*target.name;
    match seen {
        Ok(()) => {
            tracing::info!(target_url, %address, "an address of a target passes its health checks again")
        }
        Err(error) => tracing::warn!(
            target_url,
            %address,
            error,
            "an address of a target fails its health checks and is left out"
        ),
    }
}

/// One check.
async fn look(fetcher: &Fetcher, plan: &Plan) -> Result<(), String> {
    let status = fetcher.status(&plan.url).await.map_err(|error| error.to_string())?;
    let passes = plan.health.status.contains(&status.as_u16());
    if passes { Ok(()) } else { Err(format!("it answered {}", status.as_u16())) }
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn a_target_stands_as_its_best_address() {
        for (said, addresses, wanted) in [
            (true, &[Some(true)][..], Some(true)),
            (false, &[Some(false)], Some(false)),
            (true, &[Some(false), Some(true)], Some(true)),
            (false, &[Some(false), Some(true)], None),
            (false, &[Some(false), None], None),
            (false, &[Some(false), Some(false)], Some(false)),
        ] {
            assert_eq!(best(said, addresses.iter().copied()), wanted, "{said} {addresses:?}");
        }
    }
}
