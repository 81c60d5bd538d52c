//! Whether the server can do its work.

use super::Services;
use store::ledger::Unavailable;

impl Services {
    /// Ready means that the store answers.
    ///
    /// # Errors
    /// [`Unavailable`] says why not.
    pub async fn ready(&self) -> Result<(), Unavailable> {
        self.stores.directory.enterprises().await.map(|_| ())
    }
}
