//! The tensor element types of ggml: ids, names and block sizes. One table, because the reader,
//! the codecs and the kernels must agree on it.

use std::fmt;

/// The element type of a tensor in a GGUF file.
///
/// *Source*: `enum ggml_type` of ggml; the ids are the ones stored in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(
    non_camel_case_types,
    reason = "the names the format and its users know"
)]
#[non_exhaustive]
pub enum GgmlType {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary16.
    F16,
    /// The upper half of an F32.
    BF16,
    /// 32 values of 4 bits, one f16 scale.
    Q4_0,
    /// 32 values of 4 bits, f16 scale and minimum.
    Q4_1,
    /// 32 values of 5 bits, one f16 scale.
    Q5_0,
    /// 32 values of 5 bits, f16 scale and minimum.
    Q5_1,
    /// 32 values of 8 bits, one f16 scale.
    Q8_0,
    /// 256 values of 2 bits in 16 sub-blocks.
    Q2_K,
    /// 256 values of 3 bits in 16 sub-blocks.
    Q3_K,
    /// 256 values of 4 bits in 8 sub-blocks.
    Q4_K,
    /// 256 values of 5 bits in 8 sub-blocks.
    Q5_K,
    /// 256 values of 6 bits in 16 sub-blocks.
    Q6_K,
    /// 32 values of 4 bits through a table, one f16 scale.
    IQ4_NL,
    /// 256 values of 4 bits through a table, 8 sub-blocks.
    IQ4_XS,
    /// 32 values of 4 bits (E2M1), one power-of-two scale (E8M0).
    MXFP4,
    /// Signed 8-bit integer.
    I8,
    /// Signed 16-bit integer.
    I16,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
    /// IEEE 754 binary64.
    F64,
}

/// What the table knows of one type.
struct Row {
    ty: GgmlType,
    id: u32,
    name: &'static str,
    block_len: usize,
    block_bytes: usize,
}

const fn row(
    ty: GgmlType,
    id: u32,
    name: &'static str,
    block_len: usize,
    block_bytes: usize,
) -> Row {
    Row {
        ty,
        id,
        name,
        block_len,
        block_bytes,
    }
}

/// In the order of the enum, which `table_is_in_enum_order` checks.
const TABLE: [Row; 21] = [
    row(GgmlType::F32, 0, "F32", 1, 4),
    row(GgmlType::F16, 1, "F16", 1, 2),
    row(GgmlType::BF16, 30, "BF16", 1, 2),
    row(GgmlType::Q4_0, 2, "Q4_0", 32, 18),
    row(GgmlType::Q4_1, 3, "Q4_1", 32, 20),
    row(GgmlType::Q5_0, 6, "Q5_0", 32, 22),
    row(GgmlType::Q5_1, 7, "Q5_1", 32, 24),
    row(GgmlType::Q8_0, 8, "Q8_0", 32, 34),
    row(GgmlType::Q2_K, 10, "Q2_K", 256, 84),
    row(GgmlType::Q3_K, 11, "Q3_K", 256, 110),
    row(GgmlType::Q4_K, 12, "Q4_K", 256, 144),
    row(GgmlType::Q5_K, 13, "Q5_K", 256, 176),
    row(GgmlType::Q6_K, 14, "Q6_K", 256, 210),
    row(GgmlType::IQ4_NL, 20, "IQ4_NL", 32, 18),
    row(GgmlType::IQ4_XS, 23, "IQ4_XS", 256, 136),
    row(GgmlType::MXFP4, 39, "MXFP4", 32, 17),
    row(GgmlType::I8, 24, "I8", 1, 1),
    row(GgmlType::I16, 25, "I16", 1, 2),
    row(GgmlType::I32, 26, "I32", 1, 4),
    row(GgmlType::I64, 27, "I64", 1, 8),
    row(GgmlType::F64, 28, "F64", 1, 8),
];

/// Types ggml knows and Lilim cannot decode; named so that an error can say more than a number.
const UNSUPPORTED: [(u32, &str); 15] = [
    (4, "Q4_2"),
    (5, "Q4_3"),
    (9, "Q8_1"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (29, "IQ1_M"),
    (31, "Q4_0_4_4"),
    (34, "TQ1_0"),
    (35, "TQ2_0"),
    (40, "NVFP4"),
];

impl GgmlType {
    /// Every type Lilim reads, in the order of the enum.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.ty)
    }

    /// Returns the type with this id in GGUF files, or `None` for one Lilim does not read.
    pub fn from_id(id: u32) -> Option<Self> {
        TABLE.iter().find(|row| row.id == id).map(|row| row.ty)
    }

    /// Returns the type of this name in any letter case, such as `q4_k`.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE
            .iter()
            .find(|row| row.name.eq_ignore_ascii_case(name))
            .map(|row| row.ty)
    }

    /// Returns the id stored in GGUF files.
    pub fn id(self) -> u32 {
        self.row().id
    }

    /// Returns the usual name, such as `Q4_K`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Returns the number of values in one block; 1 for the types without blocks.
    pub fn block_len(self) -> usize {
        self.row().block_len
    }

    /// Returns the number of bytes of one block.
    pub fn block_bytes(self) -> usize {
        self.row().block_bytes
    }

    /// Returns the bytes of a row of `n` values: `None` when `n` is not a multiple of
    /// [`block_len`](Self::block_len) or the product does not fit.
    pub fn row_bytes(self, n: usize) -> Option<usize> {
        if !n.is_multiple_of(self.block_len()) {
            return None;
        }
        (n / self.block_len()).checked_mul(self.block_bytes())
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl fmt::Display for GgmlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Returns the name ggml gives an id, also of types Lilim does not read.
pub(crate) fn known_name(id: u32) -> Option<&'static str> {
    let supported = TABLE.iter().find(|row| row.id == id).map(|row| row.name);
    supported.or_else(|| {
        UNSUPPORTED
            .iter()
            .find(|entry| entry.0 == id)
            .map(|entry| entry.1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_enum_order() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.ty as usize, index, "{}", row.name);
        }
        assert_eq!(TABLE.len(), GgmlType::F64 as usize + 1);
    }

    #[test]
    fn ids_and_names_lead_back() {
        for ty in GgmlType::all() {
            assert_eq!(GgmlType::from_id(ty.id()), Some(ty));
            assert_eq!(GgmlType::from_name(&ty.name().to_lowercase()), Some(ty));
            assert_eq!(known_name(ty.id()), Some(ty.name()));
        }
        assert_eq!(GgmlType::from_id(16), None);
        assert_eq!(known_name(16), Some("IQ2_XXS"));
        assert_eq!(GgmlType::from_id(u32::MAX), None);
    }

    #[test]
    fn row_bytes_wants_whole_blocks_and_no_overflow() {
        assert_eq!(GgmlType::F32.row_bytes(3), Some(12));
        assert_eq!(GgmlType::Q4_0.row_bytes(64), Some(36));
        assert_eq!(GgmlType::Q4_0.row_bytes(33), None);
        assert_eq!(GgmlType::Q6_K.row_bytes(256), Some(210));
        assert_eq!(GgmlType::F64.row_bytes(usize::MAX), None);
        assert_eq!(GgmlType::F32.row_bytes(0), Some(0));
    }
}
