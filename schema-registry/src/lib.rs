//! Schema versions: documents, shapes, lenses, lineage.
