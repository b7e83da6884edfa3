//! The tree and the key, as readers see them.

use parking_lot::{Mutex, RwLock};
use selfsame_record::Position;
use selfsame_record::checkpoint::SignedCheckpoint;
use selfsame_record::merkle::{Hash, TileKind, TileName, Tree};
use selfsame_record::note::VerifierKey;
use tokio::sync::watch;

use crate::audit::key::Keyring;
use crate::handle::AT_LEAST_WAIT;

/// The audit trail of an engine.
pub struct Trail {
    keyring: Keyring,
    tree: RwLock<Tree>,
    /// The tree's size, for those who wait for a record to be in it.
    size: watch::Sender<u64>,
    /// The last checkpoint that was signed, so that asking often costs nothing.
    signed: Mutex<Option<SignedCheckpoint>>,
}

impl Trail {
    pub(crate) fn new(keyring: Keyring, tree: Tree) -> Trail {
        let (size, _) = watch::channel(tree.size());
        Trail { keyring, tree: RwLock::new(tree), size, signed: Mutex::new(None) }
    }

    /// The key that its checkpoints are verified with; its name is their origin.
    pub fn verifier(&self) -> &VerifierKey {
        self.keyring.verifier()
    }

    /// How many records are in the tree: the position of the last one.
    pub fn size(&self) -> u64 {
        *self.size.borrow()
    }

    /// The root over the first `size` records; `None` if there are fewer in the tree.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        self.tree.read().root_at(size)
    }

    /// The checkpoint of the whole tree, signed.
    pub fn checkpoint(&self) -> SignedCheckpoint {
        let (size, root) = {
            let tree = self.tree.read();
            (tree.size(), tree.root())
        };
        self.sign(size, root)
    }

    /// The checkpoint of the first `size` records, signed; `None` if there are fewer in the tree.
    pub fn checkpoint_at(&self, size: u64) -> Option<SignedCheckpoint> {
        let root = self.root_at(size)?;
        Some(self.sign(size, root))
    }

    fn sign(&self, size: u64, root: Hash) -> SignedCheckpoint {
        if let Some(signed) = self.signed.lock().as_ref().filter(|signed| signed.unverified().size == size) {
            return signed.clone();
        }
        let signed = SignedCheckpoint::sign(size, root, self.keyring.signer());
        *self.signed.lock() = Some(signed.clone());
        signed
    }

    /// The hash of a record's entry, and the path from there to the root over the first `size` records.
    pub fn inclusion(&self, position: Position, size: u64) -> Option<(Hash, Vec<Hash>)> {
        let index = position.get().checked_sub(1)?;
        let tree = self.tree.read();
        tree.leaf(index).zip(tree.inclusion(index, size))
    }

    /// The proof that the first `to` records begin with the first `from`.
    pub fn consistency(&self, from: u64, to: u64) -> Option<Vec<Hash>> {
        self.tree.read().consistency(from, to)
    }

    /// The bytes of a tile of hashes; `None` if the tree has no such tile.
    pub fn tile(&self, name: TileName) -> Option<Vec<u8>> {
        let TileKind::Level(level) = name.kind else { return None };
        let tree = self.tree.read();
        let hashes = tree.tile(level, name.index, name.width)?;
        Some(hashes.iter().flat_map(|hash| hash.0).collect())
    }

    /// Waits until so many records are in the tree, for [`AT_LEAST_WAIT`] at most: they are within moments,
    /// unless the trail has ended by a bug.
    pub(crate) async fn at_least(&self, size: u64) {
        let mut sizes = self.size.subscribe();
        let _ = tokio::time::timeout(AT_LEAST_WAIT, sizes.wait_for(|at| *at >= size)).await;
    }

    /// Adds the hashes of the next records.
    pub(super) fn extend(&self, leaves: &[Hash]) {
        let size = {
            let mut tree = self.tree.write();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            tree.size()
        };
        self.size.send_replace(size);
    }
}
