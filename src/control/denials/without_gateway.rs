//! Denials that are made, lifted and listed by a process that is no gateway: where they are kept, a gateway that runs finds
//! them.

use std::sync::Arc;

use crate::config::Snapshot;
use crate::model::{Clock as _, DenialKind, SystemClock, Until};
use crate::store::{AskedDenials, Denial, DenialEntry, DenialStore, ListedDenials};

use super::super::edit::EditError;
use super::super::records::write_note;
use super::super::stores::Stores;
use super::{GIVES_BACK, NO_PLACE, gives_back, lifted_in_words, what};

impl Stores {
    /// Denies. When this returns, it is durable.
    ///
    /// # Errors
    /// [`EditError`]; only where the outcome is unknown may it have been added.
    pub async fn deny(&self, live: &Snapshot, mut denial: Denial) -> Result<Arc<DenialEntry>, EditError> {
        if denial.denied.kind == DenialKind::ApiKey {
            // Nothing here writes that the key is revoked, which it is for good.
            denial.denied.until = Until::Never;
        }
        let (who, what) =
            (denial.actor.clone(), what("denied", &denial.id(), &denial.denied, &denial.reason));
        let entry = self.kept()?.add(denial).await?;
        self.note(live, &who, &what).await;
        Ok(entry)
    }

    /// Lifts the denial of this id; whether it was there.
    ///
    /// # Errors
    /// [`EditError`].
    pub async fn undeny(&self, live: &Snapshot, id: &str, who: &str) -> Result<bool, EditError> {
        let denials = self.kept()?;
        let Some(entry) = denials.find(id).await? else { return Ok(false) };
        if entry.denies.as_ref().is_some_and(|denied| gives_back(denied, live, SystemClock.now())) {
            return Err(EditError::Precondition { why: GIVES_BACK.to_owned(), head: None });
        }
        let lifted = denials.lift(id, &entry.text).await?;
        if lifted {
            self.note(live, who, &lifted_in_words(id, &entry)).await;
        }
        Ok(lifted)
    }

    /// The denials that are asked for.
    ///
    /// # Errors
    /// [`EditError`], when they cannot be read.
    pub async fn denied(&self, asked: AskedDenials) -> Result<ListedDenials, EditError> {
        Ok(self.kept()?.list(asked).await?)
    }

    fn kept(&self) -> Result<&Arc<dyn DenialStore>, EditError> {
        self.denials.as_ref().ok_or_else(|| EditError::ReadOnly(NO_PLACE.to_owned()))
    }

    async fn note(&self, live: &Snapshot, who: &str, what: &str) {
        let at = SystemClock.now().timestamp();
        write_note(self.notes(), live, (at, who, what)).await;
    }
}
