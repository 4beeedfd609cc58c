//! Provisioning as a whole or not at all.

use std::sync::Arc;

use super::{Parts, image};
use crate::harness::instance::Instance;
use crate::provisioning::Provisioned;
use crate::provisioning::file::ProvisioningFile;
use crate::startup::provision_all;

impl Parts {
    /// Brings about what a provisioning file says. Where something in it cannot be, the database is as it was before.
    pub async fn provision(&self, file: &ProvisioningFile) -> anyhow::Result<Vec<Provisioned>> {
        let _turn = self.turning.lock().await;
        let present = self.present();
        let before = image(&present.app).await?;
        let error = match provision_all(&present.app, file).await {
            Ok(applied) => return Ok(applied),
            Err(error) => error,
        };
        let (keys, public_url) = (Arc::clone(&present.app.keys), present.app.public_url.clone());
        self.replace(Instance::from_image(&self.lasting(), &before, keys, public_url).await?);
        Err(error)
    }
}
