// Bank account numbers: country, length and check digits, which no regular expression can check.

import { plugin, recordCheck } from "driftline-plugin";

// The length of an IBAN by country, of the SWIFT registry.
const LENGTHS = {
  AD: 24, AE: 23, AL: 28, AT: 20, AZ: 28, BA: 20, BE: 16, BG: 22, BH: 22, BI: 27, BR: 29, BY: 28, CH: 21, CR: 22, CY: 28,
  CZ: 24, DE: 22, DJ: 27, DK: 18, DO: 28, EE: 20, EG: 29, ES: 24, FI: 18, FK: 18, FO: 18, FR: 27, GB: 22, GE: 22, GI: 23,
  GL: 18, GR: 27, GT: 28, HN: 28, HR: 21, HU: 28, IE: 22, IL: 23, IQ: 23, IS: 26, IT: 27, JO: 30, KW: 30, KZ: 20, LB: 28,
  LC: 32, LI: 21, LT: 20, LU: 20, LV: 21, LY: 25, MC: 27, MD: 24, ME: 22, MK: 19, MN: 20, MR: 27, MT: 31, MU: 30, NI: 28,
  NL: 18, NO: 15, OM: 23, PK: 24, PL: 28, PS: 29, PT: 25, QA: 29, RO: 24, RS: 22, RU: 33, SA: 24, SC: 31, SD: 18, SE: 24,
  SI: 19, SK: 24, SM: 27, SO: 23, ST: 25, SV: 28, TL: 23, TN: 24, TR: 26, UA: 29, VA: 22, VG: 24, XK: 20, YE: 30,
};

/** The remainder by 97 of an IBAN read as a number, its first four characters last and A being 10. */
export function remainder(iban) {
  let rest = 0;
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const digit = parseInt(character, 36);
    rest = (digit < 10 ? rest * 10 + digit : rest * 100 + digit) % 97;
  }
  return rest;
}

function judge([text], { countries, spaces }) {
  const iban = spaces ? text.replace(/ /g, "") : text;
  if (!/^[A-Z]{2}[0-9]{2}[A-Z0-9]+$/.test(iban)) {
    return { code: "format", message: "expected two letters, two check digits, then letters and digits, in capitals" };
  }
  const country = iban.slice(0, 2);
  const length = LENGTHS[country];
  if (length === undefined) return { code: "country", message: `no IBANs begin with ${country}` };
  if (countries && !countries.includes(country)) {
    return { code: "country", message: `${country} is not one of ${countries.join(", ")}` };
  }
  if (iban.length !== length) {
    return { code: "length", message: `expected ${length} characters for ${country}, got ${iban.length}` };
  }
  return remainder(iban) === 1 ? null : { code: "check-digits", message: "the check digits do not fit the rest: a mistyped number?" };
}

export default plugin(
  {
    name: "iban",
    version: "0.1.0",
    description: "Bank account numbers (IBAN): country, length and check digits.",
  },
  {
    valid: recordCheck({
      summary: "each value to be a valid IBAN",
      inputs: [{ name: "value", accepts: ["text"], description: "The account number." }],
      params: {
        type: "object",
        properties: {
          countries: {
            description: "The countries that are allowed, by their two letters; all if it is left out.",
            type: "array",
            items: { enum: Object.keys(LENGTHS) },
            minItems: 1,
          },
          spaces: { description: "Whether spaces between the characters are allowed, as in print.", type: "boolean", default: true },
        },
        additionalProperties: false,
      },
      judge,
    }),
  },
);
