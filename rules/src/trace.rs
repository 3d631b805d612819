//! The ids of traces, as W3C's Trace Context has them (<https://www.w3.org/TR/trace-context/>), so that a record that
//! failed can be found in the trace of the request it came with.

/// Where a caller stands in a trace: a `traceparent` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    /// The trace, not all zeros.
    pub trace_id: [u8; 16],
    /// The span of the caller, not all zeros.
    pub parent_id: [u8; 8],
    /// Flags; bit 0: the caller records its spans.
    pub flags: u8,
}

impl Traceparent {
    /// Reads a header, strictly: lower case, no white space. Of a version that is not known yet what it has in common
    /// with version 00 is read. `None` where the specification says that it is to be ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let is_lower = |it: &str| it.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
        let (head, more) = (text.get(..55)?, text.get(55..)?);
        let mut parts = head.split('-');
        let version = parts.next().filter(|it| it.len() == 2 && is_lower(it) && *it != "ff")?;
        if !more.is_empty() && (version == "00" || !more.starts_with('-')) {
            return None;
        }
        let mut next = || parts.next().filter(|it| is_lower(it));
        let it = Traceparent { trace_id: bytes(next()?)?, parent_id: bytes(next()?)?, flags: bytes::<1>(next()?)?[0] };
        (it.trace_id != [0; 16] && it.parent_id != [0; 8] && parts.next().is_none()).then_some(it)
    }

    /// Whether the caller records its spans.
    pub const fn is_sampled(self) -> bool {
        self.flags & 1 == 1
    }
}

/// The trace id that a text holds, as 32 lower-case hexadecimal digits: an id as it is, in either case; a UUID; or a
/// whole `traceparent`. `None`: it is none of these, or all zeros.
pub fn trace_id(text: &str) -> Option<String> {
    let id: [u8; 16] = match text.len() {
        32 => bytes(text)?,
        36 => {
            let hyphens = [8, 13, 18, 23];
            if text.bytes().enumerate().any(|(i, it)| hyphens.contains(&i) != (it == b'-')) {
                return None;
            }
            bytes(&text.replace('-', ""))?
        }
        _ => Traceparent::parse(text)?.trace_id,
    };
    (id != [0; 16]).then(|| hex(&id))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for it in bytes {
        text.push(char::from(DIGITS[usize::from(it >> 4)]));
        text.push(char::from(DIGITS[usize::from(it & 15)]));
    }
    text
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut all = [0; N];
    for (to, digits) in all.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |it: u8| match it {
            b'0'..=b'9' => Some(it - b'0'),
            b'a'..=b'f' => Some(it - b'a' + 10),
            b'A'..=b'F' => Some(it - b'A' + 10),
            _ => None,
        };
        let [high, low] = digits else { return None };
        *to = digit(*high)? << 4 | digit(*low)?;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_header_is_read_as_the_specification_says() {
        let it = Traceparent::parse(&format!("00-{ID}-b7ad6b7169203331-01")).unwrap();
        assert_eq!(
            (hex(&it.trace_id), hex(&it.parent_id), it.is_sampled()),
            (ID.into(), "b7ad6b7169203331".into(), true)
        );
        let flags =
            |it: &str| Traceparent::parse(&format!("00-{ID}-b7ad6b7169203331-{it}")).map(Traceparent::is_sampled);
        assert_eq!(
            ["00", "02", "03", "09", "ff"].map(flags),
            [Some(false), Some(false), Some(true), Some(true), Some(true)]
        );
        // Of later versions only the beginning is known.
        for later in ["cc", "01", "fe"] {
            for rest in ["", "-what-the-future-will-be-like", "-"] {
                assert!(
                    Traceparent::parse(&format!("{later}-{ID}-b7ad6b7169203331-01{rest}")).is_some(),
                    "{later} {rest}"
                );
            }
        }
        for bad in [
            String::new(),
            ID.to_owned(),
            format!("ff-{ID}-b7ad6b7169203331-01"),
            format!("00-{ID}-b7ad6b7169203331-01-more"),
            format!("00-{ID}-b7ad6b7169203331-01."),
            format!("cc-{ID}-b7ad6b7169203331-01.more"),
            format!("00-{}-b7ad6b7169203331-01", ID.to_uppercase()),
            format!("00-{ID}-b7ad6b7169203331-0G"),
            format!("00-{ID}-b7ad6b7169203331-1"),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{ID}-{}-01", "0".repeat(16)),
            format!(" 00-{ID}-b7ad6b7169203331-01"),
            format!("00-{ID}-b7ad6b7169203331-01 "),
            format!("00_{ID}_b7ad6b7169203331_01"),
            format!("0-0{ID}-b7ad6b7169203331-01"),
            format!("00-{ID}-b7ad6b716920333-101"),
            "00-äf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        ] {
            assert_eq!(Traceparent::parse(&bad), None, "{bad}");
        }
    }

    #[test]
    fn an_id_may_be_written_in_several_ways() {
        let of = |it: &str| trace_id(it).unwrap_or_default();
        assert_eq!(of(ID), ID);
        assert_eq!(of(&ID.to_uppercase()), ID);
        assert_eq!(of("0af76519-16cd-43dd-8448-eb211c80319c"), ID);
        assert_eq!(of(&format!("00-{ID}-b7ad6b7169203331-00")), ID);
        for bad in ["", "x", &"0".repeat(32), &ID[1..], "0af7651916cd-43dd-8448-eb21-1c80319c", &format!("{ID}0")] {
            assert_eq!(of(bad), "", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_hurts(text in ".{0,80}") {
            if let Some(id) = trace_id(&text) {
                prop_assert_eq!(trace_id(&id), Some(id));
            }
        }

        #[test]
        fn what_is_written_is_read(trace: [u8; 16], parent: [u8; 8], flags: u8) {
            let text = format!("00-{}-{}-{}", hex(&trace), hex(&parent), hex(&[flags]));
            let read = Traceparent::parse(&text);
            let expected = Traceparent { trace_id: trace, parent_id: parent, flags };
            prop_assert_eq!(read, (trace != [0; 16] && parent != [0; 8]).then_some(expected));
        }
    }
}
