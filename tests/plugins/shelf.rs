//! How suites find plugins: files, digests, versions, signatures; loaded once, kept compiled.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use driftline::plugins::{Cache, Elsewhere, Found, Limits, Runtime, Shelf, Trust, digest};
use driftline_rules::plugin::{Plugin, Plugins, Wanted};
use ed25519_dalek::{Signer, SigningKey};
use tempfile::TempDir;

use super::guests::Guest;
use super::{check, opened, shelf, tight};

fn wanted(file: &str) -> Wanted {
    Wanted { name: "mine".to_owned(), file: Some(file.to_owned()), ..Wanted::default() }
}

/// A folder with one plugin.
fn folder() -> (TempDir, Vec<u8>) {
    let (folder, bytes) = (tempfile::tempdir().unwrap(), Guest::range().build());
    fs::write(folder.path().join("range.wasm"), &bytes).unwrap();
    (folder, bytes)
}

#[test]
fn a_file_beside_the_suite_with_its_digest_and_version() {
    let (folder, bytes) = folder();
    let beside = shelf(tight()).beside(folder.path());
    let plugin = beside.find(&wanted("range.wasm")).unwrap();
    assert_eq!(plugin.about().digest, digest(&bytes));
    let with = |digest: Option<String>, version: Option<&str>| {
        let version = version.map(str::to_owned);
        beside.find(&Wanted { digest, version, ..wanted("range.wasm") }).map(drop)
    };
    assert_eq!(with(Some(digest(&bytes)), Some("1.2.3")), Ok(()));
    let text = with(Some(digest(b"other")), None).unwrap_err();
    assert!(
        text.starts_with("plugin `mine` (range.wasm): its digest is sha256:") && text.contains("another build"),
        "{text}"
    );
    let text = with(None, Some("2.0.0")).unwrap_err();
    assert_eq!(text, "plugin `mine` (range.wasm): it is version 1.2.3, and the suite asks for 2.0.0");
    let text = beside.find(&wanted("none.wasm")).map(drop).unwrap_err();
    assert!(text.contains("none.wasm: No such file"), "{text}");
}

#[test]
fn the_suite_narrows_the_limits_of_the_host() {
    let (folder, _) = folder();
    let shelf = shelf(Limits { memory: 10 << 20, ..tight() });
    let beside = shelf.beside(folder.path());
    let plugin = beside.open(&Wanted { memory: Some(1 << 40), time: Some(1_000), ..wanted("range.wasm") }).unwrap();
    assert_eq!((plugin.limits().memory, plugin.limits().time.as_millis()), (10 << 20, 1));
    let small = beside.open(&Wanted { memory: Some(1_000), ..wanted("range.wasm") }).unwrap();
    let text = small.checker(&opened("range", 1)).unwrap_err().to_string();
    assert!(text.contains("does not start: plugin memory limit: wanted 131 kB, limit 1000 B"), "{text}");
}

#[test]
fn a_suite_that_was_sent_names_no_files() {
    let text = shelf(tight()).without_files().find(&wanted("/etc/passwd")).map(drop).unwrap_err();
    assert!(text.contains("a suite that is no file cannot name one"), "{text}");
    let text = shelf(tight()).without_files().find(&Wanted::default()).map(drop).unwrap_err();
    assert!(text.contains("plugins cannot be registered here"), "{text}");
}

#[derive(Debug)]
struct Registry(Vec<u8>);

impl Elsewhere for Registry {
    fn registered(&self, wanted: &Wanted) -> Result<Found, String> {
        match wanted.version.as_deref() {
            None | Some("1.2.3") => Ok(Found { component: self.0.clone(), signature: None }),
            Some(other) => Err(format!("version {other} is not registered")),
        }
    }

    fn pull(&self, reference: &str) -> Result<Found, String> {
        Err(format!("{reference} cannot be reached"))
    }
}

#[test]
fn registered_plugins_come_from_the_caller() {
    let registry = Arc::new(Registry(Guest::range().build()));
    let shelf = Shelf::new(Runtime::new(tight(), 8).unwrap(), None, Trust::default(), Some(registry));
    let find = |it: Wanted| shelf.without_files().find(&Wanted { name: "mine".to_owned(), ..it }).map(drop);
    assert_eq!(find(Wanted::default()), Ok(()));
    assert_eq!(
        find(Wanted { version: Some("9.0.0".to_owned()), ..Wanted::default() }),
        Err("plugin `mine`: version 9.0.0 is not registered".to_owned())
    );
    assert_eq!(find(wanted("oci://r.io/p:1")), Err("plugin `mine`: oci://r.io/p:1 cannot be reached".to_owned()));
}

#[test]
fn a_component_is_loaded_once_and_forgotten_when_nobody_needs_it() {
    let shelf = shelf(tight());
    let found = Found { component: Guest::range().build(), signature: None };
    let plugins: Vec<_> = std::thread::scope(|scope| {
        let load = || scope.spawn(|| shelf.load(&found, &tight()).unwrap());
        [load(), load(), load(), load()].map(|it| it.join().unwrap()).to_vec()
    });
    assert_eq!(shelf.count(), 1);
    // Whoever comes second gets what the first has compiled, and not a copy: its times are the same.
    assert!(plugins.iter().all(|it| std::ptr::eq(it.facts(), plugins[0].facts())));
    let checker = plugins[0].checker(&opened("range", 1)).unwrap();
    drop(plugins);
    assert_eq!(shelf.count(), 1, "a rule that is open needs its plugin");
    assert!(check(&*checker, &[0.5]).is_ok());
    drop(checker);
    assert_eq!((shelf.count(), shelf.runtime().instances()), (0, 0));
}

fn cached(folder: &Path, bytes: &[u8], limits: &Limits) -> bool {
    let runtime = Runtime::new(limits.clone(), 8).unwrap();
    let shelf = Shelf::new(runtime, Some(Cache::open(folder).unwrap()), Trust::default(), None);
    let found = Found { component: bytes.to_vec(), signature: None };
    let plugin = shelf.load(&found, limits).unwrap();
    assert!(check(&*plugin.checker(&opened("range", 1)).unwrap(), &[0.5]).is_ok());
    plugin.facts().cached
}

/// The compiled plugins of a folder.
fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    files.filter(|it| it.extension().is_some_and(|it| it == "cwasm")).collect()
}

/// The only one. Entries are read-only: what is written in its place is another file of the same name.
fn instead(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let [entry] = &entries(folder)[..] else { panic!("there are several") };
    let mut code = fs::read(entry).unwrap();
    fs::remove_file(entry).unwrap();
    change(&mut code);
    fs::write(entry, code).unwrap();
}

#[test]
fn compiled_code_is_kept_and_only_our_own_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("compiled");
    let bytes = Guest::range().build();
    assert!(!cached(&folder, &bytes, &tight()));
    assert!(cached(&folder, &bytes, &tight()));
    // Any byte that is changed, at the beginning, in the middle, at the end.
    for at in [0, 40, 5_000, usize::MAX] {
        instead(&folder, |code| {
            let at = at.min(code.len() - 1);
            code[at] ^= 1;
        });
        assert!(!cached(&folder, &bytes, &tight()), "byte {at} was changed");
        assert!(cached(&folder, &bytes, &tight()), "it was compiled again");
    }
    for change in [|code: &mut Vec<u8>| code.truncate(5_000), |code: &mut Vec<u8>| code.push(0), Vec::clear] {
        instead(&folder, change);
        assert!(!cached(&folder, &bytes, &tight()));
    }
    // The code of another component under this name, or its name with a tag that is not its own.
    let own = entries(&folder);
    let other = Guest { version: "1.2.4".to_owned(), ..Guest::range() }.build();
    assert!(!cached(&folder, &other, &tight()));
    let others: Vec<_> = entries(&folder).into_iter().filter(|it| !own.contains(it)).collect();
    let (code, name) = (fs::read(&own[0]).unwrap(), others[0].file_name().unwrap().to_str().unwrap().to_owned());
    fs::remove_file(&others[0]).unwrap();
    fs::write(&others[0], &code).unwrap();
    assert!(!cached(&folder, &other, &tight()));
    fs::remove_file(&others[0]).unwrap();
    let (_, tag) = own[0].file_name().unwrap().to_str().unwrap().rsplit_once('-').unwrap();
    let (beginning, _) = name.rsplit_once('-').unwrap();
    fs::write(folder.join(format!("{beginning}-{tag}")), &code).unwrap();
    assert!(!cached(&folder, &other, &tight()));
    assert_eq!(entries(&folder).len(), 2, "what fits nothing is gone");
    assert!(cached(&folder, &bytes, &tight()));
    // Without its key nothing counts any more.
    fs::remove_file(folder.join("key")).unwrap();
    assert!(!cached(&folder, &bytes, &tight()));
}

#[test]
fn a_plugin_that_runs_does_not_need_its_file() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("compiled");
    let found = Found { component: Guest::range().build(), signature: None };
    let load = || {
        let runtime = Runtime::new(tight(), 8).unwrap();
        let shelf = Shelf::new(runtime, Some(Cache::open(&folder).unwrap()), Trust::default(), None);
        shelf.load(&found, &tight()).unwrap()
    };
    drop(load());
    let plugin = load();
    assert!(plugin.facts().cached);
    for it in entries(&folder) {
        fs::remove_file(it).unwrap();
    }
    let checker = plugin.checker(&opened("range", 1)).unwrap();
    assert_eq!(check(&*checker, &[2.0]).unwrap()[0] & 1, 0);
    assert!(!load().facts().cached);
}

#[cfg(unix)]
#[test]
fn the_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/compiled");
    Cache::open(&folder).unwrap();
    let mode = |it: &Path| fs::metadata(it).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("key"))), (0o700, 0o600));
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(Cache::open(&folder).unwrap_err().contains("is open to others: remove it"));
    fs::set_permissions(folder.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(Cache::open(&folder).unwrap_err().contains("chmod 700"));
}

#[test]
fn unsigned_plugins_are_refused_where_signatures_are_required() {
    let (folder, bytes) = folder();
    let key = SigningKey::from_bytes(&[7; 32]);
    let trust = Trust::new(&[STANDARD.encode(key.verifying_key().as_bytes())], true).unwrap();
    let shelf = Shelf::new(Runtime::new(tight(), 8).unwrap(), None, trust, None);
    let find = || shelf.beside(folder.path()).find(&wanted("range.wasm")).map(drop);
    assert!(find().unwrap_err().contains("it is not signed, and this host runs signed plugins only"));
    fs::write(folder.path().join("range.wasm.sig"), key.sign(&bytes).to_bytes()).unwrap();
    assert_eq!(find(), Ok(()));
    fs::write(folder.path().join("range.wasm.sig"), key.sign(b"other").to_bytes()).unwrap();
    assert!(find().unwrap_err().contains("fits none of the 1 keys that are trusted"));
}

#[test]
fn idle_instances_hold_half_of_the_room_at_most() {
    let shelf = Shelf::new(Runtime::new(tight(), 4).unwrap(), None, Trust::default(), None);
    let plugin = shelf.load(&Found { component: Guest::range().build(), signature: None }, &tight()).unwrap();
    let rules: Vec<_> = (0..6).map(|_| plugin.checker(&opened("range", 1)).unwrap()).collect();
    assert_eq!(shelf.runtime().instances(), 2);
    assert!(rules.iter().all(|it| check(&**it, &[0.5]).is_ok()));
    assert_eq!(shelf.runtime().instances(), 2);
}

#[test]
fn openssl_signs_as_the_documentation_says() {
    let (folder, _) = folder();
    let home = folder.path().display();
    let script = format!(
        "cd '{home}' && openssl genpkey -algorithm ed25519 -out key.pem && openssl pkey -in key.pem -pubout -out public.pem \
         && openssl pkeyutl -sign -rawin -inkey key.pem -in range.wasm -out range.wasm.sig"
    );
    assert!(std::process::Command::new("sh").args(["-c", &script]).status().unwrap().success());
    let key = fs::read_to_string(folder.path().join("public.pem")).unwrap();
    let shelf = Shelf::new(Runtime::new(tight(), 8).unwrap(), None, Trust::new(&[key], true).unwrap(), None);
    assert!(shelf.beside(folder.path()).find(&wanted("range.wasm")).is_ok());
}
