//! The tree against published roots and proofs, and against another implementation.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use selfsame_record::merkle::{Hash, ProofError, Tree, verify_consistency, verify_inclusion};
use sha2::Sha256;

/// The eight leaves that the reference implementations of Certificate Transparency are tested with.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
/// Their published roots, by size.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/// Published paths: leaf, size, hashes.
const INCLUSIONS: [(u64, u64, &[&str]); 4] = [
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];
/// Published proofs: earlier size, later size, hashes.
const CONSISTENCIES: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("digits"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("a byte")).collect()
}

fn hash(hex: &str) -> Hash {
    Hash(bytes(hex).try_into().expect("32 bytes"))
}

fn tree(leaves: u64) -> Tree {
    let mut tree = Tree::new();
    (0..leaves).for_each(|leaf| tree.push(Hash::of_leaf(&leaf.to_be_bytes())));
    tree
}

fn peer(leaves: u64) -> MemoryBackedTree<Sha256, [u8; 8]> {
    let mut peer = MemoryBackedTree::new();
    (0..leaves).for_each(|leaf| peer.push(leaf.to_be_bytes()));
    peer
}

fn concatenated(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn roots_and_proofs_are_the_published_ones() {
    let mut tree = Tree::new();
    assert_eq!(tree.root(), hash(ROOTS[0]));
    for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
        tree.push(Hash::of_leaf(&bytes(leaf)));
        assert_eq!(tree.root(), hash(root));
    }
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(tree.root_at(size as u64), Some(hash(root)), "of {size}");
    }
    for (index, size, path) in INCLUSIONS {
        let path: Vec<Hash> = path.iter().map(|hex| hash(hex)).collect();
        assert_eq!(tree.inclusion(index, size).as_ref(), Some(&path), "{index} in {size}");
    }
    for (old, new, path) in CONSISTENCIES {
        let path: Vec<Hash> = path.iter().map(|hex| hash(hex)).collect();
        assert_eq!(tree.consistency(old, new).as_ref(), Some(&path), "{old} to {new}");
    }
}

#[test]
fn every_proof_among_small_trees_holds_and_no_other_does() {
    let tree = tree(34);
    for size in 1..=34 {
        let root = tree.root_at(size).expect("a root");
        for index in 0..size {
            let (leaf, path) =
                (tree.leaf(index).expect("a leaf"), tree.inclusion(index, size).expect("a path"));
            assert_eq!(verify_inclusion(leaf, index, size, &path, root), Ok(()), "{index} in {size}");
            for other in (0..size).filter(|other| *other != index) {
                assert!(
                    verify_inclusion(leaf, other, size, &path, root).is_err(),
                    "{index} at {other} in {size}"
                );
            }
            let (longer, shorter) = ([&path[..], &[leaf]].concat(), path.get(1..));
            assert!(verify_inclusion(leaf, index, size, &longer, root).is_err());
            assert!(shorter.is_none_or(|path| verify_inclusion(leaf, index, size, path, root).is_err()));
        }
        for old in 1..=size {
            let (from, path) =
                (tree.root_at(old).expect("a root"), tree.consistency(old, size).expect("a proof"));
            assert_eq!(verify_consistency((old, from), (size, root), &path), Ok(()), "{old} to {size}");
            for at in 0..path.len() {
                let mut path = path.clone();
                path[at].0[7] ^= 1;
                assert!(
                    verify_consistency((old, from), (size, root), &path).is_err(),
                    "{old} to {size} at {at}"
                );
            }
            let longer = [&path[..], &[from]].concat();
            assert!(verify_consistency((old, from), (size, root), &longer).is_err());
            let another = Hash::of(b"another root");
            assert!(verify_consistency((old, another), (size, root), &path).is_err());
            assert!(verify_consistency((old, from), (size, another), &path).is_err());
        }
    }
}

#[test]
fn what_is_not_in_a_tree_is_not_proven() {
    let tree = tree(5);
    assert_eq!((tree.root_at(6), tree.leaf(5)), (None, None));
    assert_eq!((tree.inclusion(5, 5), tree.inclusion(0, 6), tree.inclusion(0, 0)), (None, None, None));
    assert_eq!((tree.consistency(0, 5), tree.consistency(3, 2), tree.consistency(3, 6)), (None, None, None));
    let (root, nothing) = (tree.root(), Hash::of_nothing());
    assert_eq!(verify_consistency((0, nothing), (5, root), &[]), Ok(()));
    assert!(verify_consistency((0, root), (5, root), &[]).is_err());
    let backwards = verify_consistency((5, root), (4, root), &[]);
    assert_eq!(backwards, Err(ProofError::Backwards { old: 5, new: 4 }));
    assert_eq!(verify_inclusion(root, 5, 5, &[], root), Err(ProofError::Outside { index: 5, size: 5 }));
    assert_eq!((tree.tile(0, 0, 6), tree.tile(1, 0, 1), tree.tile(64, 0, 1)), (None, None, None));
    assert_eq!(tree.tile(0, u64::MAX, 256), None);
}

#[test]
fn tiles_hold_the_hashes_that_the_specification_gives_them() {
    let tree = tree(256 * 3 + 5);
    assert_eq!(tree.tile(0, 3, 5).map(<[Hash]>::len), Some(5));
    assert_eq!(tree.tile(0, 3, 6), None);
    let above = tree.tile(1, 0, 3).expect("a tile").to_vec();
    for (index, expect) in (0..3).zip(above) {
        let mut of_one = Tree::new();
        tree.tile(0, index, 256).expect("full").iter().for_each(|leaf| of_one.push(*leaf));
        assert_eq!(of_one.root(), expect);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trees_are_those_of_another_implementation(size in 1_u32..1400, at in any::<prop::sample::Index>()) {
        let length = size as usize;
        let size = u64::from(size);
        let (ours, theirs) = (tree(size), peer(size));
        prop_assert_eq!(ours.root().0.to_vec(), theirs.root().as_bytes().to_vec());
        let index = at.index(length);
        let path = ours.inclusion(index as u64, size).expect("a path");
        prop_assert_eq!(concatenated(&path), theirs.prove_inclusion(index).as_bytes().to_vec());
        let old = index as u64 + 1;
        if old < size {
            let path = ours.consistency(old, size).expect("a proof");
            let proof = theirs.prove_consistency(length - index - 1);
            prop_assert_eq!(concatenated(&path), proof.as_bytes().to_vec());
            let roots = (ours.root_at(old).expect("a root"), ours.root());
            prop_assert_eq!(verify_consistency((old, roots.0), (size, roots.1), &path), Ok(()));
        }
    }
}
