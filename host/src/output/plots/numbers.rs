//! Numbers as plots and tables show them.

/// Three or four digits of a number: `0.732`, `12,345`, `1.2e-12`.
pub fn short(it: f64) -> String {
    let size = it.abs();
    if !it.is_finite() {
        return it.to_string();
    }
    if it == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e9).contains(&size) {
        let text = format!("{it:.2e}");
        return match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", trimmed(digits)),
            None => text,
        };
    }
    if size >= 1000.0 {
        let whole = crate::output::words::number(size.round() as u64);
        return if it < 0.0 { format!("-{whole}") } else { whole };
    }
    let decimals = (3 - size.log10().floor() as i32 - i32::from(size >= 1.0)).clamp(0, 7) as usize;
    trimmed(&format!("{it:.decimals$}")).to_owned()
}

/// `31 %`, `0.4 %`: a share that is never shown as nothing or as all when it is not.
pub fn percent(share: f64) -> String {
    let it = share * 100.0;
    match it {
        _ if share.is_nan() => String::new(),
        _ if share <= 0.0 => "0 %".to_owned(),
        _ if share >= 1.0 => "100 %".to_owned(),
        it if it < 0.1 => "under 0.1 %".to_owned(),
        it if it > 99.9 => "over 99.9 %".to_owned(),
        it if !(10.0..=99.0).contains(&it) => format!("{} %", trimmed(&format!("{it:.1}"))),
        it => format!("{it:.0} %"),
    }
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_first_digits() {
        let all = [0.0, 0.73214, -0.5, 1.0, 12.3456, 999.9, 12_345.6, 1.234e-12, 3e12, 0.000_45, f64::INFINITY];
        let said = all.map(short);
        assert_eq!(said, ["0", "0.7321", "-0.5", "1", "12.3", "1000", "12,346", "1.23e-12", "3e12", "0.00045", "inf"]);
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_to_all() {
        let said = [0.0, 0.0004, 0.034, 0.314, 0.9995, 0.996, 1.0].map(percent);
        assert_eq!(said, ["0 %", "under 0.1 %", "3.4 %", "31 %", "over 99.9 %", "99.6 %", "100 %"]);
    }
}
