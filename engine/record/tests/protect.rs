//! Whatever way a protected name is spelled, it is known; and what is another name is not.

use proptest::prelude::*;
use selfsame_record::Protected;

const PATTERNS: [&str; 4] = ["identity.*", "permission.*", "audit.*", "billing.card"];

/// Other characters that are read as this one.
fn looks_like(letter: char) -> &'static [&'static str] {
    match letter {
        'a' => &["a", "A", "а", "ａ", "á", "α", "𝐚"],
        'b' => &["b", "B", "ｂ"],
        'c' => &["c", "C", "с", "ｃ"],
        'd' => &["d", "D", "ｄ", "𝒅"],
        'e' => &["e", "E", "е", "ｅ", "é"],
        'f' => &["f", "F", "ｆ"],
        'g' => &["g", "G", "ｇ"],
        'i' => &["i", "I", "l", "1", "і", "ｉ", "ı", "|", "İ", "ï"],
        'l' => &["l", "L", "I", "1", "ｌ", "|"],
        'm' => &["m", "M", "rn", "ｍ", "RN"],
        'n' => &["n", "N", "ｎ", "ñ"],
        'o' => &["o", "O", "0", "о", "ο", "ｏ", "ö"],
        'p' => &["p", "P", "р", "ｐ"],
        'r' => &["r", "R", "ｒ"],
        's' => &["s", "S", "ѕ", "ｓ"],
        't' => &["t", "T", "ｔ"],
        'u' => &["u", "U", "ｕ", "ü"],
        'y' => &["y", "Y", "у", "ｙ"],
        _ => &[],
    }
}

/// A letter spelled in some way, perhaps with something behind it that does not show.
fn letter(letter: char) -> impl Strategy<Value = String> {
    let ways = looks_like(letter);
    assert!(!ways.is_empty(), "no spelling of `{letter}`");
    let hidden =
        prop::sample::select(vec!["", "", "", "\u{200b}", "\u{ad}", "\u{feff}", "\u{301}", "\u{fe0f}"]);
    let percent = any::<prop::sample::Index>();
    (prop::sample::select(ways), hidden, percent).prop_map(|(way, hidden, percent)| {
        let encode = percent.index(8) == 0;
        let way = if encode { way.bytes().map(|b| format!("%{b:02x}")).collect() } else { way.to_owned() };
        format!("{way}{hidden}")
    })
}

fn word(word: &str) -> impl Strategy<Value = String> + use<> {
    let letters: Vec<_> = word.chars().map(letter).collect();
    let around = prop::sample::select(vec!["", "", "-", "_", " ", "__"]);
    (around.clone(), letters, around)
        .prop_map(|(before, letters, after)| format!("{before}{}{after}", letters.concat()))
}

fn separator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![".", "．", "\u{2024}", "。", "/", "..", " . ", "%2e", "%2E"])
}

/// A spelling of a protected name, and the pattern that it falls under.
fn spelling() -> impl Strategy<Value = (String, &'static str)> {
    let below = "[a-z]{1,8}(\\.[a-z]{1,8})?";
    let open = prop::sample::select(vec![
        ("identity", "identity.*"),
        ("permission", "permission.*"),
        ("audit", "audit.*"),
        ("selfsame", "selfsame.*"),
    ]);
    let open = (open, prop::option::of((separator(), below))).prop_flat_map(|((stem, pattern), below)| {
        let below = below.map(|(dot, rest)| format!("{dot}{rest}")).unwrap_or_default();
        word(stem).prop_map(move |stem| (format!("{stem}{below}"), pattern))
    });
    let one = (word("billing"), separator(), word("card"));
    prop_oneof![4 => open, 1 => one.prop_map(|(a, dot, b)| (format!("{a}{dot}{b}"), "billing.card"))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn every_spelling_is_covered((name, pattern) in spelling()) {
        let protected = Protected::new(&PATTERNS);
        prop_assert_eq!(protected.covers(&name), Some(pattern), "{:?}", name);
    }

    #[test]
    fn no_text_is_too_strange(name in any::<String>(), pattern in any::<String>()) {
        let _ = Protected::new(&[pattern]).covers(&name);
    }

    /// A letter more or less, or another word before it, makes another name.
    #[test]
    fn another_name_is_not_covered(
        stem in prop::sample::select(vec!["identity", "permission", "audit", "selfsame"]),
        more in "[a-hj-km-np-z]{1,4}",
        rest in "(\\.[a-z]{1,6})?",
    ) {
        let protected = Protected::new(&PATTERNS);
        let shorter: String = stem.chars().skip(1).collect();
        for name in [format!("{stem}{more}{rest}"), format!("{more}.{stem}{rest}"), format!("{shorter}{rest}")] {
            prop_assert_eq!(protected.covers(&name), None, "{:?}", name);
        }
    }

    /// What a pattern covers it covers however often it is asked, and a name covers itself.
    #[test]
    fn a_name_covers_itself(name in "[a-z]{1,8}(\\.[a-z0-9_-]{1,8}){0,3}") {
        let protected = Protected::new(std::slice::from_ref(&name));
        let covered = protected.covers(&name).map(str::to_owned);
        prop_assert!(covered.is_some() || name.trim_matches(['-', '_', '.']).is_empty(), "{:?}", name);
    }
}

/// Names that look a bit alike, which people use.
#[test]
fn neighbours_are_free() {
    let protected = Protected::new(&PATTERNS);
    for name in [
        "identities.x",
        "auditor.y",
        "permissions.granted",
        "user.identity",
        "selfsamex.a",
        "billing.cards",
        "billing",
        "billing.card.x",
        "self.same",
        "audits",
        "permit.x",
        "identify.user",
    ] {
        assert_eq!(protected.covers(name), None, "{name}");
    }
    assert_eq!(protected.covers("identity").unwrap(), "identity.*");
}
