//! `examples/monitoring`: what is deployed. Suites and configurations hold, secrets fit, the image can be built and starts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use super::{BINARY, folder, said};

fn path(name: &str) -> PathBuf {
    folder("monitoring").join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|it| panic!("{name}: {it}"))
}

#[test]
fn suites_and_configurations_hold() {
    for suite in ["kubernetes/base/suites/payments.yaml", "kubernetes/sidecar/suite.yaml"] {
        let output = Command::new(BINARY).arg("lint").arg(path(suite)).output().expect("the binary runs");
        let (said, code) = said(&output);
        assert_eq!(code, Some(0), "{suite}: {said}");
    }
    // With the variables that the manifests set from the Secret, and without one of them.
    let base = ("kubernetes/base/driftline.yaml", "kubernetes/base/statefulset.yaml");
    for (config, manifest) in [base, ("kubernetes/sidecar/driftline.yaml", "kubernetes/sidecar/deployment.yaml")] {
        let manifest = read(manifest);
        let names = manifest.lines().filter_map(|it| it.trim().strip_prefix("- name: DRIFTLINE_"));
        let names: Vec<_> = names.filter(|it| *it != "TOKEN").collect();
        assert!(names.len() > 3, "{names:?}");
        let check = |without: Option<&str>| {
            let mut command = Command::new(BINARY);
            command.args(["config", "check", "--config"]).arg(path(config));
            for (i, name) in names.iter().enumerate().filter(|it| Some(*it.1) != without) {
                let value = match *name {
                    "DATABASE" => "postgres://driftline:x@localhost/driftline".to_owned(),
                    "RESULTS__PRIVACY_KEY" => "a key that is long enough for all of it".to_owned(),
                    _ => format!("{i:064}"),
                };
                command.env(format!("DRIFTLINE_{name}"), value);
            }
            said(&command.output().expect("the binary runs"))
        };
        let (report, code) = check(None);
        assert_eq!(code, Some(0), "{config}: {report}");
        let (report, code) = check(Some("TOKENS__1__SHA256"));
        assert!(code == Some(3) && report.contains("tokens[1]"), "{config}: {report}");
    }
}

#[test]
#[cfg(unix)]
fn the_secrets_of_the_compose_file_are_made_once_and_fit() {
    let room = tempfile::tempdir().expect("a temporary folder");
    fs::copy(path("setup.sh"), room.path().join("setup.sh")).expect("the script");
    let made = || {
        let run = Command::new("sh").arg("setup.sh").current_dir(room.path()).output().expect("the script runs");
        assert!(run.status.success(), "{}", said(&run).0);
        fs::read_to_string(room.path().join("secrets/driftline.yaml")).expect("the configuration")
    };
    let first = made();
    assert_eq!(first, made(), "a second run makes other secrets");
    let compose = read("docker-compose.monitoring.yml");
    let wanted = compose.lines().filter_map(|it| it.trim().split_once("{ file: ")?.1.strip_suffix(" }"));
    let wanted: Vec<_> = wanted.collect();
    assert!(wanted.len() > 5, "{wanted:?}");
    for name in wanted {
        assert!(fs::metadata(room.path().join(name)).is_ok_and(|it| it.len() > 0), "{name}");
    }
    let mut command = Command::new(BINARY);
    command.args(["config", "check", "--config", "secrets/driftline.yaml"]).current_dir(room.path());
    let (report, code) = said(&command.output().expect("the binary runs"));
    assert_eq!(code, Some(0), "{report}");
    // The digest is that of the token in the file.
    let token = fs::File::open(room.path().join("secrets/client_token")).expect("the token");
    let hash = Command::new(BINARY).args(["token", "hash"]).stdin(token).output().expect("the binary runs");
    let (hash, _) = said(&hash);
    assert!(first.contains(hash.split_whitespace().last().expect("a digest")), "{hash}\n{first}");
}

#[test]
fn the_image_is_built_of_what_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let dockerfile = read("Dockerfile");
    let ignored = read("Dockerfile.dockerignore");
    let mut n_copied = 0;
    for line in dockerfile.lines().filter_map(|it| it.strip_prefix("COPY ")) {
        if line.starts_with("--from=") {
            continue;
        }
        let words: Vec<_> = line.split(' ').collect();
        for source in words.iter().take(words.len() - 1) {
            let output = Command::new("git").args(["ls-files", source]).current_dir(&root).output().expect("git");
            assert!(!output.stdout.is_empty(), "{source} is in no clone");
            assert!(ignored.lines().any(|it| it == format!("!{source}")), "{source} is kept from the build");
            n_copied += 1;
        }
    }
    assert!(n_copied > 5);
    // What the sources read of the repository beside themselves is copied too.
    for needed in ["wit", "examples", "plugins"] {
        assert!(dockerfile.contains(&format!("COPY {needed} {needed}\n")), "{needed}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_image_starts_as_a_user_without_rights_where_nothing_can_be_written() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let room = tempfile::Builder::new().prefix("driftline-image-").tempdir_in("/tmp").expect("a temporary folder");
    let mode = |it: &Path, mode| fs::set_permissions(it, fs::Permissions::from_mode(mode)).expect("it is ours");
    mode(room.path(), 0o755);
    let inside = |it: &str| room.path().join(it.trim_start_matches('/'));
    // What the second stage has, under the room instead of the root.
    let dockerfile = read("Dockerfile");
    let values = |name: &str| {
        let line = dockerfile.lines().find_map(|it| it.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}"));
        serde_json::from_str::<Vec<String>>(line.trim()).expect("a list")
    };
    let variables = Regex::new(r"(DRIFTLINE_[A-Z]+)=([^ \\\n]+)").expect("it");
    let variables: Vec<_> =
        variables.captures_iter(&dockerfile).map(|it| (it[1].to_owned(), it[2].to_owned())).collect();
    assert_eq!(variables.len(), 3, "{variables:?}");
    let [entry, command] = [values("ENTRYPOINT"), values("CMD")];
    let program = inside(&entry[0]);
    fs::create_dir_all(program.parent().expect("a folder")).expect("it can be made");
    fs::copy(BINARY, &program).expect("the binary");
    fs::create_dir_all(inside("/etc/driftline/suites")).expect("it can be made");
    let data = inside("/var/lib/driftline");
    fs::create_dir_all(&data).expect("it can be made");
    let root = said(&Command::new("id").arg("-u").output().expect("id")).0.trim() == "0";
    let mut run = if root {
        chown(&data, Some(65532), Some(65532)).expect("root may");
        let mut run = Command::new("setpriv");
        run.args(["--reuid=65532", "--regid=65532", "--clear-groups", "--"]).arg(&program);
        run
    } else {
        Command::new(&program)
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
    for (name, value) in variables {
        let here =
            if value.starts_with('/') { inside(&value).display().to_string() } else { format!("127.0.0.1:{port}") };
        run.env(name, here);
    }
    let work = inside("/work");
    fs::create_dir(&work).expect("it can be made");
    mode(&work, 0o555);
    let log = fs::File::create(inside("/log")).expect("it can be made");
    let mut child = run.args(command).current_dir(&work).stderr(log).spawn().expect("it starts");
    let health = || {
        let url = format!("http://127.0.0.1:{port}");
        Command::new(BINARY).args(["health", "--service", &url]).output().expect("the binary runs").status.code()
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let mut code = health();
    while code != Some(0) && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(100));
        code = health();
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(code, Some(0), "{}", fs::read_to_string(inside("/log")).unwrap_or_default());
    assert_eq!(health(), Some(3), "nobody answers any more");
}
