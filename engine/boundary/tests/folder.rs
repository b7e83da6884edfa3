//! The folder as the engine opens it: what is signed is taken, and nothing else.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

use secrecy::ExposeSecret as _;
use selfsame_boundary::{BoundaryError, Fresh, Named, PublicKey, SigningKey, folder};
use selfsame_core::{Ask, Context, Gate, PrincipalKind, Resource};
use tempfile::TempDir;

fn fresh() -> Fresh {
    let named = |name: &str, kind| Named { name: name.to_owned(), kind, owner: name.to_owned() };
    let all = [
        named("shop", PrincipalKind::Service),
        named("coder", PrincipalKind::Agent),
        named("ada", PrincipalKind::Operator),
    ];
    Fresh::make("shop", &all).expect("a boundary")
}

/// A boundary in a folder, and the key that it is signed with.
fn written() -> (TempDir, Fresh) {
    let (dir, fresh) = (tempfile::tempdir().expect("a folder"), fresh());
    folder::write(dir.path(), &fresh.files, &fresh.seal).expect("written");
    (dir, fresh)
}

#[track_caller]
fn refused(dir: &Path, key: &PublicKey, expect: &str) -> BoundaryError {
    let error = folder::open(dir, key).expect_err("it is refused");
    assert!(error.to_string().contains(expect), "{error}");
    assert!(!error.next().is_empty(), "{error} ends in nothing to do");
    error
}

#[test]
fn a_signed_folder_is_what_the_core_asks() {
    let (dir, fresh) = written();
    let boundary = folder::open(dir.path(), &fresh.key).expect("a boundary");
    assert_eq!((boundary.hash, boundary.signer.as_str()), (fresh.files.hash(), fresh.key.as_str()));
    assert_eq!(boundary.publish_gate("shop", "user.registered"), Gate::Open);
    assert_eq!(boundary.publish_gate("shop", "ldentity.role"), Gate::Protected);
    assert_eq!(boundary.publish_gate("coder", "user.registered"), Gate::Denied);
    assert_eq!(boundary.read_gate("coder", "profile", false), Gate::Open);
    let ask =
        Ask { principal: "coder", action: "freeze", resource: Resource::System, context: Context::default() };
    let refusal = boundary.admit(&ask).expect_err("agents do not order");
    assert!(
        refusal.to_string().contains("`coder` may not freeze: no rule of the boundary allows it"),
        "{refusal}"
    );
}

/// Every byte of every file, with one bit of it turned over; of the signature with each bit.
#[test]
fn a_bit_of_any_file_that_is_turned_over_is_refused() {
    let (dir, fresh) = written();
    let mut turned = 0;
    for path in folder::paths(dir.path()) {
        let good = fs::read(&path).expect("a file");
        let is_seal = path.ends_with("boundary.sig");
        for at in 0..good.len() {
            let bits = if is_seal { 0..8 } else { at % 8..at % 8 + 1 };
            for bit in bits {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                fs::write(&path, &bad).expect("written");
                let opened = folder::open(dir.path(), &fresh.key);
                let error = opened.expect_err(&format!("bit {bit} of byte {at} of {}", path.display()));
                assert!(!error.next().is_empty(), "{error} ends in nothing to do");
                turned += 1;
            }
        }
        // Nor is a byte more taken, or one less.
        for changed in [&good[1..], &good[..good.len() - 1], &[&good[..], b"\n"].concat(), b""] {
            fs::write(&path, changed).expect("written");
            assert!(folder::open(dir.path(), &fresh.key).is_err(), "{}", path.display());
        }
        fs::write(&path, &good).expect("written");
        folder::open(dir.path(), &fresh.key).expect("as it was");
    }
    assert!(turned > 5000, "{turned} bits were turned over");
}

/// One line per wrong folder: the file, what becomes of it, and what is said.
#[test]
fn a_folder_says_what_is_wrong_with_it() {
    let (dir, fresh) = written();
    let good: Vec<_> = folder::paths(dir.path()).into_iter().map(|p| (fs::read(&p).unwrap(), p)).collect();
    for (file, text, expect) in [
        ("policy.cedar", None, "policy.cedar` cannot be read: "),
        ("boundary.sig", None, "boundary.sig` cannot be read: "),
        ("boundary.toml", Some(vec![0xff]), "boundary.toml` is not UTF-8"),
        ("boundary.toml", Some(vec![b'#'; 1024 * 1024 + 1]), "boundary.toml` has more than 1048576 bytes"),
        ("policy.cedar", Some(vec![b'/'; 256 * 1024 + 1]), "policy.cedar` has more than 262144 bytes"),
        (
            "policy.cedarschema",
            Some(vec![b'/'; 256 * 1024 + 1]),
            "policy.cedarschema` has more than 262144 bytes",
        ),
        ("boundary.sig", Some(vec![b'#'; 4097]), "boundary.sig` has more than 4096 bytes"),
        (
            "boundary.sig",
            Some(b"signer = 1".to_vec()),
            "boundary.sig is not in the form that it is written in",
        ),
        ("policy.cedar", Some(b"".to_vec()), "is what was signed"),
    ] {
        let path = dir.path().join(file);
        match text {
            Some(text) => fs::write(&path, text).expect("written"),
            None => fs::remove_file(&path).expect("removed"),
        }
        refused(dir.path(), &fresh.key, expect);
        good.iter().for_each(|(bytes, path)| fs::write(path, bytes).expect("written"));
    }
    let other = SigningKey::generate().expect("a key");
    refused(dir.path(), other.public(), "boundary.sig is signed with U");
    refused(&dir.path().join("nowhere"), &fresh.key, "boundary.toml` cannot be read: ");
}

/// A signature over a file that is wrong helps nobody: what is wrong with it is said after the signature fits.
#[test]
fn what_is_signed_and_wrong_is_refused_too() {
    let (dir, fresh) = written();
    let key = folder_key(&fresh);
    for (change, expect) in [
        (("serial = 1", "serial = 0"), "boundary.toml: `boundary.serial` is 0"),
        (("kind = \"agent\"", "kind = \"king\""), "boundary.toml: line "),
    ] {
        let mut files = fresh.files.clone();
        files.document = files.document.replace(change.0, change.1);
        fs::write(dir.path().join("boundary.toml"), &files.document).expect("written");
        folder::write_seal(dir.path(), &files.sign(&key)).expect("written");
        refused(dir.path(), &fresh.key, expect);
    }
    let files = selfsame_boundary::Files { policy: "permit".to_owned(), ..fresh.files.clone() };
    fs::write(dir.path().join("boundary.toml"), &files.document).expect("written");
    fs::write(dir.path().join("policy.cedar"), &files.policy).expect("written");
    folder::write_seal(dir.path(), &files.sign(&key)).expect("written");
    refused(dir.path(), &fresh.key, "policy.cedar: ");
}

fn folder_key(fresh: &Fresh) -> SigningKey {
    let of_ada = fresh.secrets.iter().find(|secrets| secrets.name == "ada").expect("ada");
    SigningKey::from_seed(of_ada.seed.clone()).expect("a seed")
}

#[test]
fn nothing_is_overwritten() {
    let (dir, fresh) = written();
    let error = folder::write(dir.path(), &fresh.files, &fresh.seal).expect_err("it is there");
    assert!(error.to_string().ends_with("boundary.toml` is there already"), "{error}");
    let free = folder::is_free(&folder::paths(dir.path())).expect_err("it is there");
    assert!(free.to_string().ends_with("is there already"), "{free}");
    folder::is_free(&folder::paths(&dir.path().join("other"))).expect("nothing is there");
}

#[cfg(unix)]
#[test]
fn a_key_is_read_only_from_a_file_that_its_owner_alone_can_use() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, fresh) = written();
    let path = dir.path().join("keys").join("ada.nk");
    folder::make_secret_dir(path.parent().unwrap()).expect("a folder");
    folder::write_secret(&path, &fresh.secrets[2].seed).expect("written");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    assert_eq!(folder::read_key(&path).expect("a key").public(), &fresh.key);
    for open in [0o644, 0o640, 0o604, 0o660, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        let error = folder::read_key(&path).expect_err("it lies open");
        let expect = format!("has mode {open:04o}, so that others than its owner can use it");
        assert!(error.to_string().ends_with(&expect), "{error}");
        assert_eq!(error.next(), [format!("close it with `chmod 600 {}`", path.display())]);
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    // The public key is no seed, and a token is none.
    for text in [fresh.key.as_str(), fresh.secrets[2].token.expose_secret(), "", "SUABC", "S"] {
        fs::write(&path, text).unwrap();
        let error = folder::read_key(&path).expect_err("no seed").to_string();
        assert!(error.ends_with("does not hold the seed of an operator's or a user's nkey"), "{error}");
        assert!(text.is_empty() || text == "S" || !error.contains(text), "{error} says what is in the file");
    }
}
