//! Addresses as they may be shown, in logs and messages.

/// What stands for a secret.
pub const HIDDEN: &str = "***";

/// Parameters of an address whose values are no secrets.
const TELLABLE: [&str; 8] = ["application_name", "cache", "dbname", "host", "mode", "port", "sslmode", "user"];

/// An address without its password: `postgres://user:***@host/db`.
///
/// Where a password holds what an address should escape (`@`, `/`, `?`), its end is not known, and all is hidden.
pub fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.starts_with("sqlite:") { parameters(url) } else { HIDDEN.to_owned() };
    };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let told = match authority.rsplit_once('@') {
        _ if tail.contains('@') => return format!("{scheme}://{HIDDEN}"),
        Some((who, host)) => {
            let user = who.split_once(':').map_or_else(|| who.to_owned(), |(user, _)| format!("{user}:{HIDDEN}"));
            format!("{user}@{host}")
        }
        // A user and a password whose host was forgotten.
        None if authority.rsplit(':').next().is_some_and(|it| !it.bytes().all(|it| it.is_ascii_digit()))
            && authority.contains(':')
            && !authority.ends_with(']') =>
        {
            HIDDEN.to_owned()
        }
        None => authority.to_owned(),
    };
    format!("{scheme}://{told}{}", parameters(tail))
}

fn parameters(rest: &str) -> String {
    let Some((path, query)) = rest.split_once('?') else { return rest.to_owned() };
    let told = query.split('&').map(|it| match it.split_once('=') {
        Some((name, _)) if TELLABLE.contains(&name) => it.to_owned(),
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => HIDDEN.to_owned(),
    });
    format!("{path}?{}", told.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_an_address_is_hidden() {
        for (url, told) in [
            ("postgres://me:pw@db:5432/dl?sslmode=require", "postgres://me:***@db:5432/dl?sslmode=require"),
            ("postgres://me:p@s/s?w#d@db/dl", "postgres://***"),
            ("postgres://me:p@ss@db/dl", "postgres://me:***@db/dl"),
            ("postgres://db:5432/dl?password=p@w", "postgres://***"),
            ("postgres://me:pw/dl", "postgres://***/dl"),
            ("postgres://[::1]/dl", "postgres://[::1]/dl"),
            ("postgres://[::1]:5432/dl", "postgres://[::1]:5432/dl"),
            ("postgres://me@db/dl", "postgres://me@db/dl"),
            (
                "postgres://db/dl?user=me&password=pw&sslpassword=pw",
                "postgres://db/dl?user=me&password=***&sslpassword=***",
            ),
            ("postgres://me:p%40w@db/dl?pw", "postgres://me:***@db/dl?***"),
            ("sqlite:data/driftline.db?mode=rwc", "sqlite:data/driftline.db?mode=rwc"),
            ("host=db password=pw", "***"),
            ("ann:s3cret@db", "***"),
        ] {
            assert_eq!(redacted(url), told);
        }
    }
}
