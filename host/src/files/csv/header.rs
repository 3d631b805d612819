//! The header of a CSV file.

use std::str;

use super::fields::split;

/// The delimiter that splits the header: a tab in a file named `.tsv`, else a comma, or where it
/// splits nothing what of `;`, tab and `|` makes most columns.
pub(in crate::files) fn sniff(name: &str, head: &[u8]) -> u8 {
    if name.to_ascii_lowercase().contains(".tsv") {
        return b'\t';
    }
    let start = head.iter().position(|it| !matches!(it, b'\r' | b'\n')).unwrap_or(head.len());
    let mut fields = Vec::new();
    let mut best = (1, b',');
    for delimiter in [b',', b';', b'\t', b'|'] {
        split(head, start, delimiter, &mut fields);
        if fields.len() > best.0 {
            best = (fields.len(), delimiter);
        }
        if best.0 > 1 && best.1 == b',' {
            break;
        }
    }
    best.1
}

/// The column names in the bytes of the first record, which may follow empty lines.
///
/// As in pandas, an empty name becomes `Unnamed: 3` (its position from 0), and a name that was
/// there already `a.1`, `a.2` ...
pub(in crate::files) fn header(raw: &[u8], delimiter: u8) -> Result<Vec<String>, String> {
    let start = raw.iter().position(|it| !matches!(it, b'\r' | b'\n')).unwrap_or(raw.len());
    if start == raw.len() {
        return Ok(Vec::new());
    }
    let mut fields = Vec::new();
    let cut = split(raw, start, delimiter, &mut fields);
    let text = raw.get(start..cut.end).and_then(|it| str::from_utf8(it).ok());
    let text = text.ok_or("the header is not valid UTF-8")?;
    let written: Vec<String> = fields.iter().map(|it| it.text(text, start).into_owned()).collect();
    let mut names: Vec<String> = Vec::with_capacity(written.len());
    for (i, name) in written.iter().enumerate() {
        let name = if name.is_empty() { format!("Unnamed: {i}") } else { name.clone() };
        let mut unique = name.clone();
        let mut n = 0;
        while names.contains(&unique) || (n > 0 && written.contains(&unique)) {
            n += 1;
            unique = format!("{name}.{n}");
        }
        names.push(unique);
    }
    Ok(names)
}
