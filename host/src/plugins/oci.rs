//! Plugins in registries of the network, as the OCI distribution specification has them: an artifact of one layer,
//! the component. A signature stands among the layer's annotations.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::client::{ClientConfig, ClientProtocol, Config, ImageLayer};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest, WASM_LAYER_MEDIA_TYPE};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};

use super::blobs::Blobs;
use super::fetching::{Fetching, Login, MANIFEST, Trouble};
use super::limits::megabytes;
use super::shelf::{Found, digest};
use super::trust::signature_text;

/// The layer's type, as the guidance of the CNCF for WebAssembly has it; the older one is taken too.
const LAYER: &str = "application/wasm";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The annotation of the layer that holds its signature in Base64.
const SIGNATURE: &str = "dev.driftline.plugin.signature";
/// How long everything that one reference needs may take.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a connection may take, and how long nothing may come.
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(30);
/// What registries are told of who asks.
const AGENT: &str = concat!("driftline/", env!("CARGO_PKG_VERSION"));
/// How long what a tag means is not asked again.
const MEMORY: Duration = Duration::from_mins(1);

/// Fetches from registries, once for each digest.
#[derive(Debug)]
pub struct Registries {
    blobs: Blobs,
    most: u64,
    plain_http: Vec<String>,
    tags: Mutex<HashMap<String, (Instant, String)>>,
}

impl Registries {
    /// What is fetched is kept in `blobs`; components have at most `most` bytes; `plain_http` are the registries that
    /// are asked without TLS beside those of this machine.
    pub fn new(blobs: Blobs, most: u64, plain_http: Vec<String>) -> Registries {
        Registries { blobs, most, plain_http, tags: Mutex::default() }
    }

    /// What was fetched.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The component that `oci://registry/repository:tag` or `..@sha256:..` names. May block for a while. The error
    /// says what went wrong and how to mend it.
    pub fn pull(&self, reference: &str) -> Result<Found, String> {
        let image = parse(reference)?;
        let manifest = match image.digest() {
            Some(digest) => digest.to_owned(),
            None => self.resolve(&image)?,
        };
        let pinned = image.clone_with_digest(manifest.clone());
        let manifest = match self.blobs.find(&manifest) {
            Some(it) => it,
            None => {
                let fetched = self.fetch(&pinned, async |from| {
                    from.get(&format!("manifests/{manifest}"), OCI_IMAGE_MEDIA_TYPE, MANIFEST).await
                })?;
                // A digest that is not SHA-256 would be none of ours.
                if digest(&fetched) != manifest {
                    return Err(format!("{reference}: the registry sent another manifest than {manifest}"));
                }
                self.blobs.keep(&fetched);
                fetched
            }
        };
        let layer = layer(&manifest).map_err(|why| format!("{reference}: {why}"))?;
        let signature = layer.annotations.as_ref().and_then(|it| it.get(SIGNATURE)).map(|it| it.as_bytes().to_vec());
        let component = match self.blobs.find(&layer.digest) {
            Some(it) => it,
            None => self.component(&pinned, &layer)?,
        };
        Ok(Found { component, signature })
    }

    /// Puts a component into a registry. The digest of its manifest, by which it can be pinned.
    pub fn push(&self, reference: &str, found: &Found, about: &[(&str, String)]) -> Result<String, String> {
        let image = parse(reference)?;
        let signature = found.signature.as_ref();
        let signature = signature.map(|it| BTreeMap::from([(SIGNATURE.to_owned(), signature_text(it))]));
        let layers = [ImageLayer::new(found.component.clone(), LAYER.to_owned(), signature)];
        let config = serde_json::json!({
            "architecture": "wasm", "os": "wasip2", "layerDigests": [digest(&found.component)],
        });
        let config = Config::new(config.to_string().into_bytes(), CONFIG.to_owned(), None);
        let annotations = about.iter().map(|(name, value)| (format!("org.opencontainers.image.{name}"), value.clone()));
        let mut manifest = OciImageManifest::build(&layers, &config, Some(annotations.collect()));
        manifest.media_type = Some(OCI_IMAGE_MEDIA_TYPE.to_owned());
        self.ask(&image, async |client, auth| {
            client.push(&image, &layers, config.clone(), &auth, Some(manifest.clone())).await
        })?;
        self.meant(&image)
    }

    /// The manifest that a tag means now. When the registry does not answer, what it meant the last time.
    fn resolve(&self, image: &Reference) -> Result<String, String> {
        let name = image.whole();
        let known = self.tags.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some((_, digest)) = known.filter(|it| it.0.elapsed() < MEMORY) {
            return Ok(digest);
        }
        let digest = match (self.meant(image), self.blobs.note(&name)) {
            (Ok(digest), noted) => {
                if noted.as_ref() != Some(&digest) {
                    self.blobs.keep_note(&name, &digest);
                }
                digest
            }
            (Err(error), Some(noted)) => {
                tracing::warn!("{error}; going on with {noted}, which `{name}` meant the last time");
                noted
            }
            (Err(error), None) => return Err(error),
        };
        let mut tags = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        tags.insert(name, (Instant::now(), digest.clone()));
        Ok(digest)
    }

    /// The manifest that a tag means now.
    fn meant(&self, image: &Reference) -> Result<String, String> {
        let place = format!("manifests/{}", image.digest().or(image.tag()).unwrap_or("latest"));
        self.fetch(image, async |from| {
            let headers = from.head(&place, OCI_IMAGE_MEDIA_TYPE).await?;
            match headers.get("docker-content-digest").and_then(|it| it.to_str().ok()) {
                Some(it) => Ok(it.to_owned()),
                // Registries need not say it.
                None => from.get(&place, OCI_IMAGE_MEDIA_TYPE, MANIFEST).await.map(|it| digest(&it)),
            }
        })
    }

    fn component(&self, image: &Reference, layer: &OciDescriptor) -> Result<Vec<u8>, String> {
        // What the registry says; what it sends is counted all the same.
        if u64::try_from(layer.size).is_ok_and(|it| it > self.most) {
            let (size, limit) = (megabytes(layer.size.unsigned_abs()), megabytes(self.most));
            return Err(format!("{}: it has {size}; the limit for a component is {limit}", image.whole()));
        }
        let bytes = self.fetch(image, async |from| {
            from.get(&format!("blobs/{}", layer.digest), "application/octet-stream, */*", self.most).await
        })?;
        let is = digest(&bytes);
        if is != layer.digest {
            let due = &layer.digest;
            return Err(format!("{}: what came has the digest {is}, and its manifest says {due}", image.whole()));
        }
        self.blobs.keep(&bytes);
        Ok(bytes)
    }

    /// Whether a registry is asked without TLS.
    fn is_plain(&self, registry: &str) -> bool {
        is_loopback(registry) || self.plain_http.iter().any(|it| it == registry)
    }

    /// Reads from a repository. Not by the client that pushes: it reads manifests, tokens and errors of any length.
    fn fetch<T>(
        &self,
        image: &Reference,
        talk: impl AsyncFnOnce(&mut Fetching) -> Result<T, Trouble>,
    ) -> Result<T, String> {
        // Whoever is the first to use TLS in this process says whose cryptography it is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (registry, name) = (image.resolve_registry(), image.whole());
        let plain = self.is_plain(registry);
        let place = (if plain { "http" } else { "https" }, registry, image.repository());
        let login = match credentials(registry) {
            RegistryAuth::Basic(user, password) => Some(Login { user, password }),
            _ => None,
        };
        let talk = async {
            let client = reqwest::Client::builder().connect_timeout(CONNECT).read_timeout(READ).user_agent(AGENT);
            talk(&mut Fetching::new(&client.build()?, place, login)).await
        };
        match blocking(async { tokio::time::timeout(PATIENCE, talk).await })? {
            Ok(Ok(it)) => Ok(it),
            Ok(Err(Trouble::Network(error))) => Err(format!("{name}: {}", unreached(&error, plain))),
            Ok(Err(Trouble::Refused(why))) => Err(format!("{name}: {}", login_first(&why, registry))),
            Ok(Err(Trouble::Other(why))) => Err(format!("{name}: {why}")),
            Err(_) => Err(format!("{name}: took longer than {} s", PATIENCE.as_secs())),
        }
    }

    /// Runs a conversation with a registry that something is put into.
    fn ask<T>(
        &self,
        image: &Reference,
        talk: impl AsyncFnOnce(&Client, RegistryAuth) -> Result<T, OciDistributionError>,
    ) -> Result<T, String> {
        // Whoever is the first to use TLS in this process says whose cryptography it is.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let registry = image.resolve_registry().to_owned();
        let plain = self.is_plain(&registry);
        let protocol = if plain { ClientProtocol::Http } else { ClientProtocol::Https };
        let config = ClientConfig {
            protocol,
            connect_timeout: Some(CONNECT),
            read_timeout: Some(READ),
            // A component is no larger than one request may be.
            use_monolithic_push: true,
            user_agent: AGENT,
            ..ClientConfig::default()
        };
        let talk = async {
            let client = Client::try_from(config)?;
            talk(&client, credentials(&registry)).await
        };
        let answer = blocking(async { tokio::time::timeout(PATIENCE, talk).await })?;
        let name = image.whole();
        match answer {
            Ok(Ok(it)) => Ok(it),
            Ok(Err(error)) => Err(format!("{name}: {}", said(&error, plain, &registry))),
            Err(_) => Err(format!("{name}: took longer than {} s", PATIENCE.as_secs())),
        }
    }
}

/// Runs a future to its end. The caller's thread may block, so it drives no other futures.
fn blocking<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map(|it| it.block_on(future)).map_err(|it| format!("cannot ask a registry: {it}"))
}

fn parse(reference: &str) -> Result<Reference, String> {
    let text = reference.strip_prefix("oci://").unwrap_or(reference);
    let wrong = |why: &dyn Display| {
        format!("`{reference}` names nothing ({why}): write `oci://REGISTRY/REPOSITORY:TAG` or `..@sha256:DIGEST`")
    };
    // Without a registry the name would be one of Docker Hub, which nobody means here.
    let registry = text.split('/').next().unwrap_or_default();
    if !text.contains('/') || !(registry.contains(['.', ':']) || registry == "localhost") {
        return Err(wrong(&"it begins with no registry"));
    }
    text.parse::<Reference>().map_err(|it| wrong(&it))
}

/// The one layer that is a component.
fn layer(manifest: &[u8]) -> Result<OciDescriptor, String> {
    let manifest: OciImageManifest =
        serde_json::from_slice(manifest).map_err(|it| format!("its manifest is no image's: {it}"))?;
    let mut layers = manifest.layers.into_iter().filter(|it| {
        let kind = it.media_type.as_str();
        kind == LAYER || kind == WASM_LAYER_MEDIA_TYPE
    });
    match (layers.next(), layers.next()) {
        (Some(layer), None) => Ok(layer),
        (None, _) => Err(format!("it has no layer of the type `{LAYER}`: push it with `driftline plugin push`")),
        (Some(_), Some(_)) => Err(format!("it has several layers of the type `{LAYER}`; a plugin has one")),
    }
}

fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |it| it.0);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn said(error: &OciDistributionError, plain: bool, registry: &str) -> String {
    match error {
        OciDistributionError::UnauthorizedError { .. } | OciDistributionError::AuthenticationFailure(_) => {
            login_first(&error.to_string(), registry)
        }
        OciDistributionError::RequestError(it) => unreached(it, plain),
        other => other.to_string(),
    }
}

fn login_first(why: &str, registry: &str) -> String {
    format!("{why}: say who you are with `docker login {registry}`, whose file is read")
}

fn unreached(error: &reqwest::Error, plain: bool) -> String {
    let mut text = causes(error);
    if error.is_connect() && !plain {
        text.push_str("; a registry without TLS has to be named under `plugins.plain_http`");
    }
    text
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(it) = source {
        text = format!("{text}: {it}");
        source = it.source();
    }
    text
}

/// Who we are to a registry, from the file that `docker login` writes. Helpers that keep passwords elsewhere are not
/// asked.
fn credentials(registry: &str) -> RegistryAuth {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| std::env::var_os("HOME").map(|it| PathBuf::from(it).join(".docker")));
    let text = folder.and_then(|it| fs::read(it.join("config.json")).ok());
    let file: Option<serde_json::Value> = text.and_then(|it| serde_json::from_slice(&it).ok());
    let auth = file.as_ref().and_then(|it| it.get("auths")?.get(registry)?.get("auth")?.as_str());
    let auth = auth.and_then(|it| String::from_utf8(STANDARD.decode(it).ok()?).ok());
    match auth.as_deref().and_then(|it| it.split_once(':')) {
        Some((user, password)) => RegistryAuth::Basic(user.to_owned(), password.to_owned()),
        None => RegistryAuth::Anonymous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_registry() {
        assert_eq!(parse("oci://127.0.0.1:5000/a/b:1").map(|it| it.whole()), Ok("127.0.0.1:5000/a/b:1".to_owned()));
        assert_eq!(parse("ghcr.io/a/b").map(|it| it.tag().map(str::to_owned)), Ok(Some("latest".to_owned())));
        for wrong in ["oci://language:1", "oci://a/language:1", "oci://ghcr.io/A B", "oci://"] {
            assert!(parse(wrong).is_err_and(|it| it.contains("names nothing")), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_is_asked_without_tls() {
        for (registry, plain) in [
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("ghcr.io", false),
            ("localhost.example.com", false),
            ("10.0.0.1:5000", false),
        ] {
            assert_eq!(is_loopback(registry), plain, "{registry}");
        }
    }
}
