//! Notes, keys and checkpoints: the examples of their specifications, and another implementation.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use selfsame_record::checkpoint::{CheckpointError, SignedCheckpoint};
use selfsame_record::merkle::Hash;
use selfsame_record::note::{KeyError, KeyKind, Note, NoteError, SignerKey, VerifierKey};
use signed_note::Signer as _;

const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
/// The example of Go's `note` package, which C2SP signed-note grew from.
const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SIGNATURE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
/// The example of C2SP tlog-cosignature.
const COSIGNED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

fn key(name: &str, kind: KeyKind) -> SignerKey {
    SignerKey::from_seed(name, kind, &[7; 32]).expect("a key")
}

#[test]
fn the_published_example_is_signed_and_verified() {
    let signer = SignerKey::parse(SECRET).expect("a key");
    assert_eq!(signer.to_secret_text().as_str(), SECRET);
    assert_eq!(signer.verifier().to_string(), PUBLIC);
    assert_eq!(format!("{signer:?}"), format!("SignerKey({PUBLIC})"));
    let mut note = Note::new(TEXT.to_owned());
    note.sign(&signer, 0);
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNATURE}"));
    let read = Note::parse(&note.to_string()).expect("a note");
    assert_eq!(read.verify(&VerifierKey::parse(PUBLIC).expect("a key")), Ok(None));
}

#[test]
fn the_specifications_example_of_a_cosigned_checkpoint_is_read() {
    let read = SignedCheckpoint::parse(COSIGNED).expect("a checkpoint");
    assert_eq!(
        (read.unverified().origin.as_str(), read.unverified().size),
        ("example.com/behind-the-sofa", 20_852_163)
    );
    let names: Vec<&str> = read.note().signatures().iter().map(|s| s.name()).collect();
    assert_eq!(names, ["example.com/behind-the-sofa", "witness.example.com/w1"]);
    assert_eq!(read.to_string(), COSIGNED);
}

#[test]
fn another_implementation_agrees_on_keys_and_notes() {
    let signer = key("selfsame/log", KeyKind::Ed25519);
    let mut note = Note::new(TEXT.to_owned());
    note.sign(&signer, 0);
    let theirs = signed_note::StandardVerifier::new(&signer.verifier().to_string()).expect("their key");
    let known = signed_note::VerifierList::new(vec![Box::new(theirs)]);
    let read = signed_note::Note::from_bytes(note.to_string().as_bytes()).expect("their note");
    let (verified, unverified) = read.verify(&known).expect("verified");
    assert_eq!((verified.len(), unverified.len()), (1, 0));
    let theirs = signed_note::StandardSigner::new(&signer.to_secret_text()).expect("their key");
    assert_eq!(theirs.key_id(), signer.verifier().id());
    let mut written = signed_note::Note::new(TEXT.as_bytes(), &[]).expect("their note");
    written.add_sigs(&[&theirs]).expect("signed");
    assert_eq!(written.to_bytes(), note.to_string().as_bytes());
}

#[test]
fn a_cosignature_says_when_and_binds_it() {
    let (log, witness) =
        (key("selfsame/log", KeyKind::Ed25519), key("selfsame/witness", KeyKind::Cosignature));
    let mut signed = SignedCheckpoint::sign(3, Hash::of(b"root"), &log);
    assert_eq!(
        signed.cosigned(witness.verifier()),
        Err(NoteError::NotSigned { name: "selfsame/witness".into(), id: witness.verifier().id() })
    );
    signed.cosign(&witness, 1_679_315_147);
    let read = SignedCheckpoint::parse(&signed.to_string()).expect("a checkpoint");
    assert_eq!(read.cosigned(witness.verifier()), Ok(Some(1_679_315_147)));
    assert_eq!(read.verify(log.verifier()).map(|c| c.size), Ok(3));
    // The same key for another kind of signature is another key.
    assert_ne!(key("w", KeyKind::Ed25519).verifier().id(), key("w", KeyKind::Cosignature).verifier().id());
    signed.cosign(&witness, 1_679_315_148);
    assert_eq!(signed.note().signatures().len(), 2, "a later cosignature takes the place of an earlier one");
}

#[test]
fn every_changed_byte_of_a_signed_checkpoint_is_noticed() {
    let log = key("selfsame/log", KeyKind::Ed25519);
    let text = SignedCheckpoint::sign(123, Hash::of(b"root"), &log).to_string().into_bytes();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone();
            bytes[at] ^= 1 << bit;
            let read = String::from_utf8(bytes).ok().and_then(|text| SignedCheckpoint::parse(&text).ok());
            assert!(read.is_none_or(|read| read.verify(log.verifier()).is_err()), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn every_changed_byte_of_a_key_is_noticed() {
    for (text, secret) in [(PUBLIC, false), (SECRET, true)] {
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let read =
                    if secret { SignerKey::parse(&text).is_ok() } else { VerifierKey::parse(&text).is_ok() };
                assert!(!read, "{text}");
            }
        }
    }
    assert_eq!(VerifierKey::parse("x").err(), Some(KeyError::Malformed));
    assert_eq!(SignerKey::from_seed("a b", KeyKind::Ed25519, &[0; 32]).err(), Some(KeyError::Name));
}

#[test]
fn a_checkpoint_of_another_log_is_not_taken_for_ones_own() {
    let (log, other) = (key("selfsame/log", KeyKind::Ed25519), key("selfsame/other", KeyKind::Ed25519));
    let signed = SignedCheckpoint::sign(1, Hash::of(b"root"), &log);
    let (found, expected) = ("selfsame/log".to_owned(), "selfsame/other".to_owned());
    assert_eq!(signed.verify(other.verifier()), Err(CheckpointError::Origin { found, expected }));
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    let root = Hash::of(b"").to_base64();
    let line = "\u{2014} a AAAAAAAA\n";
    for text in [
        String::new(),
        "a\n1\n".to_owned(),
        format!("a\n1\n{root}\n"),
        format!("a\n1\n{root}\n\n"),
        format!("a\n1\n{root}\n\n{}", line.trim_end()),
        format!("a\n01\n{root}\n\n{line}"),
        format!("a\n+1\n{root}\n\n{line}"),
        format!("a\n1\n{root}\nmore\n\n{line}"),
        format!("\n1\n{root}\n\n{line}"),
        format!("a\n1\n{}\n\n{line}", root.trim_end_matches('=')),
        format!("a\r\n1\n{root}\n\n{line}"),
        format!("a\n1\n{root}\n\n{}", line.repeat(65)),
    ] {
        assert!(SignedCheckpoint::parse(&text).is_err(), "{text:?}");
    }
    assert!(SignedCheckpoint::parse(&format!("a\n1\n{root}\n\n{line}")).is_ok());
}

proptest! {
    #[test]
    fn a_note_that_is_read_is_written_back(text in "[a-c\n\u{2014} =+A]{0,80}") {
        if let Ok(note) = Note::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }
}
