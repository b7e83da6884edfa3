//! The names of changes, and which of them a policy lets pass.
//!
//! The names are those of Confluent's schema registry, so that a report can be compared with what people
//! know. A kind says what the new schema is to the old one; the way back is the kind of the change from new
//! to old.

use std::fmt;

use serde::{Serialize, Serializer};

/// How much a rule forgives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Only what the rule table calls compatible.
    Strict,
    /// Properties that come and go, too.
    Lenient,
}

/// When the new schema may read old data in spite of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Always,
    Lenient,
    Never,
}

macro_rules! kinds {
    ($($allowed:ident: $($variant:ident $name:literal)*;)*) => {
        /// What changed from one schema to another, by the name that people know.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ChangeKind {
            $($(
                #[doc = concat!("`", $name, "`")]
                $variant,
            )*)*
        }

        impl ChangeKind {
            /// Every kind.
            pub const ALL: &'static [ChangeKind] = &[$($(ChangeKind::$variant,)*)*];

            /// The name that people know.
            pub fn name(self) -> &'static str {
                match self {
                    $($(ChangeKind::$variant => $name,)*)*
                }
            }

            fn allowed(self) -> Allowed {
                match self {
                    $($(ChangeKind::$variant => Allowed::$allowed,)*)*
                }
            }
        }
    };
}

kinds! {
    Always:
        IdChanged "ID_CHANGED"
        TitleChanged "TITLE_CHANGED"
        DescriptionChanged "DESCRIPTION_CHANGED"
        DefaultChanged "DEFAULT_CHANGED"
        SchemaRemoved "SCHEMA_REMOVED"
        TypeExtended "TYPE_EXTENDED"
        MaxLengthRemoved "MAX_LENGTH_REMOVED"
        MaxLengthIncreased "MAX_LENGTH_INCREASED"
        MinLengthRemoved "MIN_LENGTH_REMOVED"
        MinLengthDecreased "MIN_LENGTH_DECREASED"
        PatternRemoved "PATTERN_REMOVED"
        MaximumRemoved "MAXIMUM_REMOVED"
        MaximumIncreased "MAXIMUM_INCREASED"
        MinimumRemoved "MINIMUM_REMOVED"
        MinimumDecreased "MINIMUM_DECREASED"
        ExclusiveMaximumRemoved "EXCLUSIVE_MAXIMUM_REMOVED"
        ExclusiveMaximumIncreased "EXCLUSIVE_MAXIMUM_INCREASED"
        ExclusiveMinimumRemoved "EXCLUSIVE_MINIMUM_REMOVED"
        ExclusiveMinimumDecreased "EXCLUSIVE_MINIMUM_DECREASED"
        MultipleOfRemoved "MULTIPLE_OF_REMOVED"
        MultipleOfReduced "MULTIPLE_OF_REDUCED"
        RequiredAttributeWithDefaultAdded "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED"
        RequiredAttributeRemoved "REQUIRED_ATTRIBUTE_REMOVED"
        MaxPropertiesRemoved "MAX_PROPERTIES_REMOVED"
        MaxPropertiesIncreased "MAX_PROPERTIES_INCREASED"
        MinPropertiesRemoved "MIN_PROPERTIES_REMOVED"
        MinPropertiesDecreased "MIN_PROPERTIES_DECREASED"
        AdditionalPropertiesAdded "ADDITIONAL_PROPERTIES_ADDED"
        AdditionalPropertiesExtended "ADDITIONAL_PROPERTIES_EXTENDED"
        UnevaluatedPropertiesAdded "UNEVALUATED_PROPERTIES_ADDED"
        UnevaluatedPropertiesExtended "UNEVALUATED_PROPERTIES_EXTENDED"
        DependencyArrayRemoved "DEPENDENCY_ARRAY_REMOVED"
        DependencyArrayNarrowed "DEPENDENCY_ARRAY_NARROWED"
        DependencySchemaRemoved "DEPENDENCY_SCHEMA_REMOVED"
        PropertyWithEmptySchemaAddedToOpen "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"
        OptionalPropertyAddedToUnopen "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"
        RequiredPropertyWithDefaultAddedToUnopen
            "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL"
        PropertyRemovedFromOpen "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL"
        PropertyWithFalseRemovedFromClosed "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL"
        PropertyRemovedIsCovered "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        PropertyAddedIsCovered "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        MaxItemsRemoved "MAX_ITEMS_REMOVED"
        MaxItemsIncreased "MAX_ITEMS_INCREASED"
        MinItemsRemoved "MIN_ITEMS_REMOVED"
        MinItemsDecreased "MIN_ITEMS_DECREASED"
        MaxContainsRemoved "MAX_CONTAINS_REMOVED"
        MaxContainsIncreased "MAX_CONTAINS_INCREASED"
        MinContainsRemoved "MIN_CONTAINS_REMOVED"
        MinContainsDecreased "MIN_CONTAINS_DECREASED"
        UniqueItemsRemoved "UNIQUE_ITEMS_REMOVED"
        AdditionalItemsAdded "ADDITIONAL_ITEMS_ADDED"
        AdditionalItemsExtended "ADDITIONAL_ITEMS_EXTENDED"
        UnevaluatedItemsAdded "UNEVALUATED_ITEMS_ADDED"
        UnevaluatedItemsExtended "UNEVALUATED_ITEMS_EXTENDED"
        ItemWithEmptySchemaAddedToOpen "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"
        ItemAddedToClosed "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL"
        ItemRemovedFromOpen "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL"
        ItemWithFalseRemovedFromClosed "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL"
        ItemRemovedIsCovered "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        ItemAddedIsCovered "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        EnumArrayExtended "ENUM_ARRAY_EXTENDED"
        CombinedTypeExtended "COMBINED_TYPE_EXTENDED"
        ProductTypeNarrowed "PRODUCT_TYPE_NARROWED"
        SumTypeExtended "SUM_TYPE_EXTENDED"
        NotTypeNarrowed "NOT_TYPE_NARROWED";
    Lenient:
        OptionalPropertyAddedToOpen "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
        RequiredPropertyWithDefaultAddedToOpen "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL"
        PropertyRemovedFromClosed "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"
        PropertyRemovedNotCovered "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        PropertyAddedNotCovered "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        AdditionalPropertiesRemoved "ADDITIONAL_PROPERTIES_REMOVED"
        AdditionalPropertiesNarrowed "ADDITIONAL_PROPERTIES_NARROWED"
        UnevaluatedPropertiesRemoved "UNEVALUATED_PROPERTIES_REMOVED"
        UnevaluatedPropertiesNarrowed "UNEVALUATED_PROPERTIES_NARROWED";
    Never:
        SchemaAdded "SCHEMA_ADDED"
        TypeNarrowed "TYPE_NARROWED"
        TypeChanged "TYPE_CHANGED"
        MaxLengthAdded "MAX_LENGTH_ADDED"
        MaxLengthDecreased "MAX_LENGTH_DECREASED"
        MinLengthAdded "MIN_LENGTH_ADDED"
        MinLengthIncreased "MIN_LENGTH_INCREASED"
        PatternAdded "PATTERN_ADDED"
        PatternChanged "PATTERN_CHANGED"
        MaximumAdded "MAXIMUM_ADDED"
        MaximumDecreased "MAXIMUM_DECREASED"
        MinimumAdded "MINIMUM_ADDED"
        MinimumIncreased "MINIMUM_INCREASED"
        ExclusiveMaximumAdded "EXCLUSIVE_MAXIMUM_ADDED"
        ExclusiveMaximumDecreased "EXCLUSIVE_MAXIMUM_DECREASED"
        ExclusiveMinimumAdded "EXCLUSIVE_MINIMUM_ADDED"
        ExclusiveMinimumIncreased "EXCLUSIVE_MINIMUM_INCREASED"
        MultipleOfAdded "MULTIPLE_OF_ADDED"
        MultipleOfExpanded "MULTIPLE_OF_EXPANDED"
        MultipleOfChanged "MULTIPLE_OF_CHANGED"
        RequiredAttributeAdded "REQUIRED_ATTRIBUTE_ADDED"
        MaxPropertiesAdded "MAX_PROPERTIES_ADDED"
        MaxPropertiesDecreased "MAX_PROPERTIES_DECREASED"
        MinPropertiesAdded "MIN_PROPERTIES_ADDED"
        MinPropertiesIncreased "MIN_PROPERTIES_INCREASED"
        DependencyArrayAdded "DEPENDENCY_ARRAY_ADDED"
        DependencyArrayExtended "DEPENDENCY_ARRAY_EXTENDED"
        DependencyArrayChanged "DEPENDENCY_ARRAY_CHANGED"
        DependencySchemaAdded "DEPENDENCY_SCHEMA_ADDED"
        RequiredPropertyAddedToOpen "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
        RequiredPropertyAddedToUnopen "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"
        ReservedPropertyRemoved "RESERVED_PROPERTY_REMOVED"
        ReservedPropertyConflictsWithProperty "RESERVED_PROPERTY_CONFLICTS_WITH_PROPERTY"
        MaxItemsAdded "MAX_ITEMS_ADDED"
        MaxItemsDecreased "MAX_ITEMS_DECREASED"
        MinItemsAdded "MIN_ITEMS_ADDED"
        MinItemsIncreased "MIN_ITEMS_INCREASED"
        MaxContainsAdded "MAX_CONTAINS_ADDED"
        MaxContainsDecreased "MAX_CONTAINS_DECREASED"
        MinContainsAdded "MIN_CONTAINS_ADDED"
        MinContainsIncreased "MIN_CONTAINS_INCREASED"
        UniqueItemsAdded "UNIQUE_ITEMS_ADDED"
        AdditionalItemsRemoved "ADDITIONAL_ITEMS_REMOVED"
        AdditionalItemsNarrowed "ADDITIONAL_ITEMS_NARROWED"
        UnevaluatedItemsRemoved "UNEVALUATED_ITEMS_REMOVED"
        UnevaluatedItemsNarrowed "UNEVALUATED_ITEMS_NARROWED"
        ItemAddedToOpen "ITEM_ADDED_TO_OPEN_CONTENT_MODEL"
        ItemRemovedFromClosed "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL"
        ItemRemovedNotCovered "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        ItemAddedNotCovered "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"
        EnumArrayNarrowed "ENUM_ARRAY_NARROWED"
        EnumArrayChanged "ENUM_ARRAY_CHANGED"
        CombinedTypeChanged "COMBINED_TYPE_CHANGED"
        ProductTypeExtended "PRODUCT_TYPE_EXTENDED"
        SumTypeNarrowed "SUM_TYPE_NARROWED"
        CombinedTypeSubschemasChanged "COMBINED_TYPE_SUBSCHEMAS_CHANGED"
        NotTypeExtended "NOT_TYPE_EXTENDED";
}

impl ChangeKind {
    /// Whether the rule says that the new schema reads old data in spite of this change.
    pub(crate) fn passes(self, policy: Policy) -> bool {
        match self.allowed() {
            Allowed::Always => true,
            Allowed::Lenient => policy == Policy::Lenient,
            Allowed::Never => false,
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for ChangeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_one_of_its_own() {
        let names: BTreeSet<&str> = ChangeKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ChangeKind::ALL.len());
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')));
    }

    #[test]
    fn lenient_lets_pass_what_strict_lets_pass() {
        for kind in ChangeKind::ALL {
            assert!(!kind.passes(Policy::Strict) || kind.passes(Policy::Lenient), "{kind}");
        }
    }
}
