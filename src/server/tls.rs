//! TLS in the process. The certificate is read again on SIGHUP without a restart; a bad file keeps the old one.

use crate::config::Tls;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableCertificate {
    /// Not readable as PEM.
    #[error("TLS: {file} cannot be read as PEM: {problem}")]
    Pem {
        /// File.
        file: PathBuf,
        /// What is wrong.
        problem: rustls::pki_types::pem::Error,
    },
    /// Key and certificate do not belong together, or the key is of an unknown kind.
    #[error("TLS: the key does not fit the certificate, or cannot be used: {0}")]
    Mismatch(rustls::Error),
}

/// The certificate that is shown now.
#[derive(Debug)]
pub struct Certificate(RwLock<Arc<CertifiedKey>>);

impl Certificate {
    /// Reads the files.
    pub fn load(tls: &Tls) -> Result<Arc<Self>, UnusableCertificate> {
        Ok(Arc::new(Self(RwLock::new(read(tls)?))))
    }

    /// Reads the files again.
    pub fn reload(&self, tls: &Tls) -> Result<(), UnusableCertificate> {
        let fresh = read(tls)?;
        // A poisoned lock holds the certificate all the same: nothing panics between taking and leaving it.
        *self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What the listener needs: TLS 1.2 and 1.3.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, UnusableCertificate> {
        Ok(
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(UnusableCertificate::Mismatch)?
                .with_no_client_auth()
                .with_cert_resolver(self.clone()),
        )
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(
            self.0
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clone(),
        )
    }
}

fn read(tls: &Tls) -> Result<Arc<CertifiedKey>, UnusableCertificate> {
    let pem = |file: &PathBuf| {
        let file = file.clone();
        move |problem| UnusableCertificate::Pem { file, problem }
    };
    let chain = CertificateDer::pem_file_iter(&tls.certificate_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem(&tls.certificate_file))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key_file).map_err(pem(&tls.key_file))?;
    let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
        .map_err(UnusableCertificate::Mismatch)?;
    Ok(Arc::new(certified))
}
