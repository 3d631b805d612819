// UTF-8 by hand: the engine inside a component has neither TextEncoder nor TextDecoder.

/** The bytes of a text; a lone surrogate becomes U+FFFD. */
export function encode(text) {
  const bytes = [];
  for (const character of text) {
    let code = character.codePointAt(0);
    if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(bytes);
}

/** The text of bytes that `encode` gave. */
export function decode(bytes) {
  const parts = [];
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i++];
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let k = 0; k < more; k++) code = (code << 6) | (bytes[i++] & 63);
    if (!(code <= 0x10ffff)) throw new RangeError("not UTF-8");
    parts.push(String.fromCodePoint(code));
  }
  return parts.join("");
}

/** Offsets in bytes of UTF-8 to those in UTF-16, in which JavaScript slices. Both grow. */
export function positions(text, offsets) {
  const found = new Array(offsets.length);
  let bytes = 0;
  let at = 0;
  for (let i = 0; i < offsets.length; i++) {
    while (bytes < offsets[i] && at < text.length) {
      const code = text.codePointAt(at);
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      at += code < 0x10000 ? 1 : 2;
    }
    found[i] = at;
  }
  return found;
}
