//! Where nothing is sent: this machine and private networks, unless they may; whatever names mean.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use driftline::actions::{Actions, Names, Outcome};
use serde_json::json;

use super::receiver::{Receiver, reply};
use super::{NOW, action, block_on, configured, row, send};

/// Names that mean these addresses, one look after the other; and how often was looked.
fn names(of: &[&[&str]]) -> (Names, Arc<AtomicUsize>) {
    let of: Vec<Vec<IpAddr>> = of.iter().map(|it| it.iter().map(|it| it.parse().unwrap()).collect()).collect();
    let n_looks = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_looks);
    let names: Names = Arc::new(move |_| {
        let at = counter.fetch_add(1, Ordering::Relaxed);
        let found = of.get(at).or(of.last()).cloned().unwrap_or_default();
        Box::pin(async move { Ok(found) })
    });
    (names, n_looks)
}

/// What comes of sending to a name on the port of a receiver.
fn outcomes(names: &Names, port: u16, allow_private: bool, n: usize) -> Vec<Outcome> {
    let url = format!("http://hooks.example.com:{port}/secret-path");
    let text = json!({ "actions": [
        { "name": "a", "type": "webhook", "url": url, "allow_private": allow_private, "timeout": "2s" }
    ] });
    let config = configured(&text.to_string()).unwrap();
    let actions = Actions::with_names(&config.actions, None, names).unwrap();
    let action = actions.get("a").unwrap();
    block_on(async {
        let mut all = Vec::new();
        for _ in 0..n {
            all.push(action.send(&row("fired"), NOW).await);
        }
        all
    })
}

#[test]
fn a_name_of_a_private_address_is_not_reached() {
    let receiver = Receiver::new();
    let port = receiver.address.port();
    for address in ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1", "fd00:ec2::254"] {
        let all = outcomes(&names(&[&[address]]).0, port, false, 1);
        let wanted = "the address of `hooks.example.com` is of this machine or of a private network; \
            `allow_private: true` lets the action be sent there";
        assert_eq!(all, [Outcome::Again { status: None, why: wanted.into(), after: None }], "{address}");
    }
    assert_eq!(receiver.n(), 0);
    assert_eq!(outcomes(&names(&[&["127.0.0.1"]]).0, port, true, 1), [Outcome::Delivered { status: 204 }]);
}

/// A name that is public when it is looked at, and private when it is used, would be looked up twice.
#[test]
fn the_address_that_was_looked_at_is_the_one_that_is_used() {
    let receiver = Receiver::new();
    // Of the first answer the public address alone is tried, where nobody listens.
    let (names, n_looks) = names(&[&["2001:4860::1", "127.0.0.1"], &["127.0.0.1"]]);
    let all = outcomes(&names, receiver.address.port(), false, 2);
    assert!(all.iter().all(|it| matches!(it, Outcome::Again { status: None, .. })), "{all:?}");
    assert!(matches!(&all[1], Outcome::Again { why, .. } if why.contains("private network")), "{all:?}");
    assert_eq!((receiver.n(), n_looks.load(Ordering::Relaxed)), (0, 2), "one look for each connection");
}

#[test]
fn addresses_in_settings_are_refused_with_their_mend() {
    for url in [
        "http://127.0.0.1:9/x",
        "http://2130706433/x",
        "http://0x7f.1/x",
        "http://[::1]:9/x",
        "http://[::ffff:a9fe:a9fe]/latest/meta-data",
        "http://169.254.169.254/latest/meta-data",
    ] {
        let text = json!({ "actions": [{ "name": "a", "type": "webhook", "url": url }] });
        let problem = configured(&text.to_string()).expect_err(url);
        assert!(problem.contains("actions[0].url: ") && problem.contains("say `allow_private: true`"), "{problem}");
    }
}

#[test]
fn redirects_are_not_followed() {
    let (receiver, inner) = (Receiver::new(), Receiver::new());
    let action = action(&json!({ "type": "webhook", "url": receiver.url("/"), "allow_private": true }));
    for (status, to) in
        [(301, inner.url("/")), (302, "http://169.254.169.254/".into()), (307, inner.url("/")), (308, inner.url("/"))]
    {
        let mut moved = reply(status);
        moved.headers.push(("location", to));
        receiver.script([moved]);
        let outcome = send(&action, &row("fired"));
        let said = matches!(&outcome, Outcome::Again { status: Some(it), why, .. } if *it == status && why.contains("redirects"));
        assert!(said, "{outcome:?}");
    }
    assert_eq!((receiver.n(), inner.n()), (4, 0));
}
