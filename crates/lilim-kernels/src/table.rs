//! The table of kernels of one level, and the checks before them.

use crate::columns::ColumnsMut;
use crate::level::Level;
use crate::ops;
use crate::ops::activation::Activation;
use crate::ops::attend::AttendArgs;
use crate::ops::block::{ActBlock, BLOCK, Grain, PanelBlock, TILE};
use crate::ops::kv::KvKind;
use crate::ops::norm::LayerNorm;
use crate::ops::rope::RopeStyle;
use crate::ops::wkv7::Wkv7Args;
use crate::packed::PackedRows;
use crate::simd::{self, Op, Simd};
use crate::weights::WeightRows;
use lilim_formats::GgmlType;

/// Declares the table: a function pointer for each kernel, and how a level fills it.
macro_rules! kernel_table {
    ($($module:ident::$name:ident($($arg:ident: $ty:ty),*) $(-> $output:ty)?;)*) => {
        /// The kernels of one level.
        ///
        /// They compute on the calling thread, allocate nothing, and each gives the same bits at
        /// every level, whatever the number of rows in a call. (At the reference level
        /// [`grain`](Self::grain) chooses other products for quantized weights.)
        pub struct Kernels {
            level: Level,
            $($name: for<'a> fn($($ty),*) $(-> $output)?,)*
        }

        impl Kernels {
            /// The table of a level.
            const fn of<S: Simd>() -> Self {
                Self { level: S::LEVEL, $($name: entry::$name::<S>,)* }
            }
        }

        /// The functions in the table.
        mod entry {
            use super::*;

            $(pub(super) fn $name<'a, S: Simd>($($arg: $ty),*) $(-> $output)? {
                struct Call<'a> {
                    marker: std::marker::PhantomData<&'a ()>,
                    $($arg: $ty,)*
                }

                impl Op for Call<'_> {
                    type Output = kernel_table!(@output $($output)?);

                    #[inline(always)]
                    fn run<S: Simd>(self, s: S) -> Self::Output {
                        ops::$module::$name(s, $(self.$arg),*)
                    }
                }

                token::<S>().run(Call { marker: std::marker::PhantomData, $($arg),* })
            })*
        }
    };
    (@output) => { () };
    (@output $output:ty) => { $output };
}

kernel_table! {
    dot::dot(a: &'a [f32], b: &'a [f32]) -> f32;
    matmul::matmul(weight: WeightRows<'a>, x: &'a [f32], out: ColumnsMut<'a>, decoded: &'a mut [f32]);
    floats::multiply_floats(weight: PackedRows<'a>, x: &'a [f32], out: ColumnsMut<'a>);
    block::multiply(weight: PackedRows<'a>, x: &'a [ActBlock], out: ColumnsMut<'a>, panel: &'a mut [PanelBlock]);
    block::round_tile(grain: Grain, x: &'a [f32], n_cols: usize, out: &'a mut [ActBlock]);
    matmul::decode_row(ty: GgmlType, row: &'a [u8], out: &'a mut [f32]);
    norm::rms_norm(x: &'a [f32], weight: Option<&'a [f32]>, eps: f32, out: &'a mut [f32]);
    norm::layer_norm(norm: LayerNorm<'a>, x: &'a [f32], out: &'a mut [f32]);
    norm::l2_norm(x: &'a mut [f32], eps: f32);
    rope::rope(row: &'a mut [f32], cos: &'a [f32], sin: &'a [f32], style: RopeStyle);
    activation::activate(activation: Activation, x: &'a mut [f32]);
    activation::gate(activation: Activation, gate: &'a mut [f32], up: &'a [f32]);
    exp::exp_in_place(x: &'a mut [f32]);
    exp::sigmoid_in_place(x: &'a mut [f32]);
    exp::tanh_in_place(x: &'a mut [f32]);
    exp::softcap(x: &'a mut [f32], cap: f32);
    elementwise::add(x: &'a mut [f32], y: &'a [f32]);
    elementwise::mul(x: &'a mut [f32], y: &'a [f32]);
    elementwise::scale(x: &'a mut [f32], factor: f32);
    elementwise::axpy(x: &'a mut [f32], factor: f32, y: &'a [f32]);
    elementwise::lerp(x: &'a [f32], y: &'a [f32], share: &'a [f32], out: &'a mut [f32]);
    elementwise::argmax(x: &'a [f32]) -> Option<usize>;
    softmax::softmax(x: &'a mut [f32], sink: Option<f32>);
    attend::attend(args: AttendArgs<'a>, scratch: &'a mut [f32], out: ColumnsMut<'a>);
    attend::attend_span(args: AttendArgs<'a>, span: usize, scratch: &'a mut [f32], states: &'a mut [f32]);
    attend::attend_join(args: AttendArgs<'a>, states: &'a mut [f32], out: ColumnsMut<'a>);
    kv::store_values(kind: KvKind, values: &'a [f32], out: &'a mut [u8]);
    kv::store_key(kind: KvKind, key: &'a [f32], lane: usize, tile: &'a mut [u8]);
    wkv7::wkv7(args: Wkv7Args<'a>, state: &'a mut [f32], scratch: &'a mut [f32], out: ColumnsMut<'a>);
}

/// The proof that a level's instructions are there.
#[allow(
    unsafe_code,
    reason = "where availability, checked at run time, becomes a type"
)]
#[inline(always)]
fn token<S: Simd>() -> S {
    // SAFETY: the functions of a table are private to it, and tables are handed out by
    // `Kernels::for_level`, after it has asked whether the level is available, and by
    // `Kernels::untried`, after it has asked for the instructions.
    unsafe { S::assume() }
}

/// Checks the shapes of a product with exact dots.
fn check_product((n_rows, n_cols): (usize, usize), x: &[f32], out: &ColumnsMut<'_>) {
    assert_eq!(out.n_cols(), n_rows, "outputs of a product");
    assert_eq!(x.len(), out.n_rows() * n_cols, "inputs of a product");
}

static REFERENCE: Kernels = Kernels::of::<simd::scalar::Scalar>();
#[cfg(target_arch = "x86_64")]
static AVX2: Kernels = Kernels::of::<simd::avx2::Avx2>();
#[cfg(target_arch = "x86_64")]
static AVX2_VNNI: Kernels =
    Kernels::of::<simd::avx2::Avx2>().with_products_of::<simd::avx2::vnni::Avx2Vnni>();
#[cfg(target_arch = "x86_64")]
static AVX512: Kernels = Kernels::of::<simd::avx512::Avx512>();
#[cfg(target_arch = "x86_64")]
static AMX: Kernels = Kernels {
    level: Level::Amx,
    multiply: multiply_in_tiles,
    ..Kernels::of::<simd::avx512::Avx512>()
};
#[cfg(target_arch = "aarch64")]
static NEON: Kernels = Kernels::of::<simd::neon::Neon>();
#[cfg(target_arch = "aarch64")]
static NEON_DOTPROD: Kernels =
    Kernels::of::<simd::neon::Neon>().with_products_of::<simd::neon::dotprod::NeonDotprod>();
#[cfg(target_arch = "aarch64")]
static NEON_I8MM: Kernels =
    Kernels::of::<simd::neon::Neon>().with_products_of::<simd::neon::i8mm::NeonI8mm>();

/// The products of AVX-512, those of many rows in tiles.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "as for `token`")]
fn multiply_in_tiles<'a>(
    weight: PackedRows<'a>,
    x: &'a [ActBlock],
    out: ColumnsMut<'a>,
    panel: &'a mut [PanelBlock],
) {
    if out.n_rows() <= TILE {
        return entry::multiply::<simd::avx512::Avx512>(weight, x, out, panel);
    }
    // SAFETY: as for `token`; this is in the one table of the level that means AMX, and the product
    // lets go of its unit.
    let unit = unsafe { simd::amx::Amx::assume() };
    let s = token::<simd::avx512::Avx512>();
    ops::block::tiles::multiply((s, unit), weight, x, out, panel);
}

impl Kernels {
    /// The kernels of the level that multiplies in tiles, to be tried, where this machine has the
    /// instructions.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn untried() -> Option<&'static Self> {
        (Level::Avx512.is_available() && simd::amx::is_available()).then_some(&AMX)
    }

    /// The table of a level that adds to this one's instructions those for products of bytes: the
    /// other kernels have no use for them, and are not compiled again.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    const fn with_products_of<S: Simd>(self) -> Self {
        Self {
            level: S::LEVEL,
            multiply: entry::multiply::<S>,
            // it keeps what those products start from
            round_tile: entry::round_tile::<S>,
            ..self
        }
    }

    /// Returns the kernels of the fastest level of this machine.
    pub fn detect() -> &'static Self {
        let best = Level::available().last().and_then(Self::for_level);
        best.unwrap_or(&REFERENCE)
    }

    /// Returns the kernels of a level, or `None` where this machine cannot run it.
    pub fn for_level(level: Level) -> Option<&'static Self> {
        if !level.is_available() {
            return None;
        }
        match level {
            Level::Reference => Some(&REFERENCE),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Some(&AVX2),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2Vnni => Some(&AVX2_VNNI),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Some(&AVX512),
            #[cfg(target_arch = "x86_64")]
            Level::Amx => Some(&AMX),
            #[cfg(target_arch = "aarch64")]
            Level::Neon => Some(&NEON),
            #[cfg(target_arch = "aarch64")]
            Level::NeonDotprod => Some(&NEON_DOTPROD),
            #[cfg(target_arch = "aarch64")]
            Level::NeonI8mm => Some(&NEON_I8MM),
            _ => None,
        }
    }

    /// Returns the level of these kernels.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns how many f32 of scratch [`attend`](Self::attend) and
    /// [`attend_span`](Self::attend_span) need.
    pub const fn attend_scratch(n_queries: usize, key_dim: usize, value_dim: usize) -> usize {
        ops::attend::scratch_len(n_queries, key_dim, value_dim)
    }

    /// Returns how many f32 the state of one query takes.
    pub const fn attend_state(value_dim: usize) -> usize {
        ops::attend::state_floats(value_dim)
    }

    /// Returns the dot product of two vectors of one length, in the contract's order.
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "dot");
        (self.dot)(a, b)
    }

    /// Multiplies rows by a weight matrix as it lies in the file: `out[i][row] = dot(weight row,
    /// x[i])`. The slow twin of all products.
    ///
    /// *Shapes*: `x: [m, weight.n_cols]`, `out: [m, weight.n_rows]`, where `m` is the number of
    /// rows of `out`; `decoded`, room to work in: `[weight.n_cols]`.
    ///
    /// # Panics
    /// When a shape is another.
    pub fn matmul(
        &self,
        weight: WeightRows<'_>,
        x: &[f32],
        out: ColumnsMut<'_>,
        decoded: &mut [f32],
    ) {
        let (n_rows, n_cols) = (weight.n_rows(), weight.n_cols());
        check_product((n_rows, n_cols), x, &out);
        assert_eq!(decoded.len(), n_cols, "room for a row");
        (self.matmul)(weight, x, out, decoded);
    }

    /// [`matmul`](Self::matmul) with packed weights in floating point, the same bits.
    ///
    /// # Panics
    /// When a shape is another or the weights are quantized.
    pub fn matmul_floats(&self, weight: PackedRows<'_>, x: &[f32], out: ColumnsMut<'_>) {
        let ty = weight.ty();
        assert!(ops::block::grain(ty).is_none(), "floats, not {ty}");
        check_product((weight.n_rows(), weight.n_cols()), x, &out);
        (self.multiply_floats)(weight, x, out);
    }

    /// Returns how activations are rounded for products with weights of this type, which then are
    /// block dots ([`matmul_rounded`](Self::matmul_rounded)). `None` for the other types, and for
    /// all at the reference level, where products are those of [`matmul`](Self::matmul).
    pub fn grain(&self, ty: GgmlType) -> Option<Grain> {
        ops::block::grain(ty).filter(|_| self.level != Level::Reference)
    }

    /// Returns how many blocks `m` rounded rows take, the last tile being padded.
    pub const fn rounded_len(n_cols: usize, m: usize) -> usize {
        ops::block::rounded_len(n_cols, m)
    }

    /// Returns how many panel blocks [`matmul_rounded`](Self::matmul_rounded) needs.
    pub fn panel_len(&self, n_cols: usize, m: usize) -> usize {
        match self.level {
            Level::Amx if m > TILE => ops::block::tiles::panel_len(n_cols),
            _ => ops::block::panel_len(n_cols, m),
        }
    }

    /// Returns the most of [`panel_len`](Self::panel_len) for at most so many columns.
    pub fn max_panel_len(&self, n_cols: usize, m: usize) -> usize {
        match self.level {
            Level::Amx if m > TILE => ops::block::tiles::max_panel_len(n_cols),
            _ => ops::block::panel_len(n_cols, m),
        }
    }

    /// Rounds a tile of activations to 8 bits.
    ///
    /// *Shapes*: `x: [n, n_cols]` with at most [`TILE_ROWS`](crate::TILE_ROWS) rows; `out`:
    /// [`rounded_len`](Self::rounded_len).
    ///
    /// # Panics
    /// When a shape is another.
    pub fn round_tile(&self, grain: Grain, x: &[f32], n_cols: usize, out: &mut [ActBlock]) {
        assert!(
            n_cols.is_multiple_of(BLOCK) && x.len().is_multiple_of(n_cols),
            "{} values in rows of {n_cols}",
            x.len()
        );
        assert!(x.len() <= TILE * n_cols, "{} rows", x.len() / n_cols);
        let need = Self::rounded_len(n_cols, x.len() / n_cols);
        assert_eq!(out.len(), need, "blocks of a tile");
        (self.round_tile)(grain, x, n_cols, out);
    }

    /// Multiplies rounded rows by a quantized weight matrix, `out[i][row]` being their block dot
    /// (`docs/design/arithmetic.md`); the same bits for any number of rows at once.
    ///
    /// *Shapes*: `x`: tiles made by [`round_tile`](Self::round_tile) with the type's grain, each of [`TILE_ROWS`](crate::TILE_ROWS) rows but
    /// the last, `out.n_rows()` rows in all; `panel` at least [`panel_len`](Self::panel_len).
    ///
    /// # Panics
    /// When a shape is another.
    pub fn matmul_rounded(
        &self,
        weight: PackedRows<'_>,
        x: &[ActBlock],
        out: ColumnsMut<'_>,
        panel: &mut [PanelBlock],
    ) {
        let (ty, n_cols, m) = (weight.ty(), weight.n_cols(), out.n_rows());
        assert!(
            ops::block::grain(ty).is_some(),
            "quantized weights, not {ty}"
        );
        assert_eq!(out.n_cols(), weight.n_rows(), "outputs of a product");
        assert_eq!(x.len(), Self::rounded_len(n_cols, m), "inputs of a product");
        assert!(
            panel.len() >= self.panel_len(n_cols, m),
            "panel of a product"
        );
        if m > 0 {
            (self.multiply)(weight, x, out, panel);
        }
    }

    /// Decodes one row of weights to f32; the values are those of the codec.
    ///
    /// # Panics
    /// When the type is no weight type or `row` is not `out.len()` values of it.
    pub fn decode_row(&self, ty: GgmlType, row: &[u8], out: &mut [f32]) {
        assert!(WeightRows::supports(ty), "a row of {ty}");
        assert_eq!(
            Some(row.len()),
            ty.row_bytes(out.len()),
            "{} values of {ty}",
            out.len()
        );
        (self.decode_row)(ty, row, out);
    }

    /// `out = x / sqrt(mean(x^2) + eps) * weight`, the last factor left out where there is none.
    pub fn rms_norm(&self, x: &[f32], weight: Option<&[f32]>, eps: f32, out: &mut [f32]) {
        assert_eq!(x.len(), out.len(), "rms_norm");
        assert!(
            weight.is_none_or(|weight| weight.len() == x.len()),
            "weight of rms_norm"
        );
        (self.rms_norm)(x, weight, eps, out);
    }

    /// `out = (x - mean) / sqrt(variance + eps) * weight + bias`, with the variance of the whole
    /// row (not the estimate) and without the factor or the term where there is none.
    pub fn layer_norm(&self, norm: LayerNorm<'_>, x: &[f32], out: &mut [f32]) {
        assert_eq!(x.len(), out.len(), "layer_norm");
        assert!(
            norm.weight.is_none_or(|weight| weight.len() == x.len()),
            "weight of layer_norm"
        );
        assert!(
            norm.bias.is_none_or(|bias| bias.len() == x.len()),
            "bias of layer_norm"
        );
        (self.layer_norm)(norm, x, out);
    }

    /// `x *= 1 / max(sqrt(sum(x^2)), eps)`.
    pub fn l2_norm(&self, x: &mut [f32], eps: f32) {
        (self.l2_norm)(x, eps);
    }

    /// Rotates the first `2 * cos.len()` elements of `row`: pair `i` by the angle whose cosine and
    /// sine are `cos[i]` and `sin[i]`.
    pub fn rope(&self, row: &mut [f32], cos: &[f32], sin: &[f32], style: RopeStyle) {
        assert_eq!(cos.len(), sin.len(), "rope");
        assert!(
            2 * cos.len() <= row.len(),
            "{} pairs in a row of {}",
            cos.len(),
            row.len()
        );
        (self.rope)(row, cos, sin, style);
    }

    /// Replaces each value by its activation.
    pub fn activate(&self, activation: Activation, x: &mut [f32]) {
        (self.activate)(activation, x);
    }

    /// `gate = activation(gate) * up`.
    pub fn gate(&self, activation: Activation, gate: &mut [f32], up: &[f32]) {
        assert_eq!(gate.len(), up.len(), "gate");
        (self.gate)(activation, gate, up);
    }

    /// `x = e^x`, within 1 ulp; -inf gives 0.
    pub fn exp(&self, x: &mut [f32]) {
        (self.exp_in_place)(x);
    }

    /// `x = 1 / (1 + e^-x)`.
    pub fn sigmoid(&self, x: &mut [f32]) {
        (self.sigmoid_in_place)(x);
    }

    /// `x = tanh(x)`, within 2 ulp.
    pub fn tanh(&self, x: &mut [f32]) {
        (self.tanh_in_place)(x);
    }

    /// `x = cap * tanh(x / cap)`.
    pub fn softcap(&self, x: &mut [f32], cap: f32) {
        (self.softcap)(x, cap);
    }

    /// `x += y`.
    pub fn add(&self, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "add");
        (self.add)(x, y);
    }

    /// `x *= y`.
    pub fn mul(&self, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "mul");
        (self.mul)(x, y);
    }

    /// `x *= factor`.
    pub fn scale(&self, x: &mut [f32], factor: f32) {
        (self.scale)(x, factor);
    }

    /// `x += factor * y`, with one rounding.
    pub fn axpy(&self, x: &mut [f32], factor: f32, y: &[f32]) {
        assert_eq!(x.len(), y.len(), "axpy");
        (self.axpy)(x, factor, y);
    }

    /// `out = x + (y - x) * share`, rounded thrice.
    pub fn lerp(&self, x: &[f32], y: &[f32], share: &[f32], out: &mut [f32]) {
        for other in [y.len(), share.len(), out.len()] {
            assert_eq!(x.len(), other, "lerp");
        }
        (self.lerp)(x, y, share, out);
    }

    /// Returns the index of the first largest value, or `None` where a value is NaN or there is
    /// none.
    pub fn argmax(&self, x: &[f32]) -> Option<usize> {
        (self.argmax)(x)
    }

    /// Replaces `x` by its softmax; all NaN where one is NaN or all are -inf.
    pub fn softmax(&self, x: &mut [f32]) {
        (self.softmax)(x, None);
    }

    /// Lets queries that share a kv head look at its cached keys and values.
    ///
    /// *Shapes*: `out: [n_rows, n_heads * value_dim]`; `scratch` at least
    /// [`attend_scratch`](Self::attend_scratch) of the number of queries.
    ///
    /// # Panics
    /// When the cache does not hold the positions or a shape is another.
    pub fn attend(&self, args: AttendArgs<'_>, scratch: &mut [f32], out: ColumnsMut<'_>) {
        check_attend(&args, Some(scratch.len()));
        check_attended(&args, &out);
        (self.attend)(args, scratch, out);
    }

    /// Computes the part of [`attend`](Self::attend) that lies in one span, so that several
    /// threads can share long contexts; [`attend_join`](Self::attend_join) does the rest.
    ///
    /// *Shapes*: `states: [n_queries, attend_state]`; `scratch` as for `attend`.
    ///
    /// # Panics
    /// When no query sees the span, the cache does not hold the positions or a shape is another.
    pub fn attend_span(
        &self,
        args: AttendArgs<'_>,
        span: usize,
        scratch: &mut [f32],
        states: &mut [f32],
    ) {
        check_attend(&args, Some(scratch.len()));
        assert!(args.spans().contains(&span), "span {span} is not seen");
        let n_states = args.n_queries() * Self::attend_state(args.values.dim);
        assert_eq!(states.len(), n_states, "states of a span");
        (self.attend_span)(args, span, scratch, states);
    }

    /// Joins the states of all spans of [`AttendArgs::spans`]: the same bits as
    /// [`attend`](Self::attend) gives.
    ///
    /// *Shapes*: `states: [n_spans, n_queries, attend_state]`, whose first part is overwritten;
    /// `out` as for `attend`.
    ///
    /// # Panics
    /// When a shape is another.
    pub fn attend_join(&self, args: AttendArgs<'_>, states: &mut [f32], out: ColumnsMut<'_>) {
        check_attend(&args, None);
        check_attended(&args, &out);
        let n_states = args.n_queries() * Self::attend_state(args.values.dim);
        assert_eq!(states.len(), args.spans().len() * n_states, "states");
        (self.attend_join)(args, states, out);
    }

    /// Writes one head's values at one position into the cache.
    ///
    /// # Panics
    /// When `out` is not [`KvKind::row_bytes`] long.
    pub fn store_values(&self, kind: KvKind, values: &[f32], out: &mut [u8]) {
        let n_bytes = kind.row_bytes(values.len());
        assert_eq!(out.len(), n_bytes, "bytes of cached values");
        (self.store_values)(kind, values, out);
    }

    /// Writes one head's key at one position into that position's lane of its tile.
    ///
    /// # Panics
    /// When `tile` is not [`KvKind::tile_bytes`] long or has no such lane.
    pub fn store_key(&self, kind: KvKind, key: &[f32], lane: usize, tile: &mut [u8]) {
        assert_eq!(tile.len(), kind.tile_bytes(key.len()), "bytes of a tile");
        assert!(lane < KvKind::TILE, "lane {lane}");
        (self.store_key)(kind, key, lane, tile);
    }

    /// Returns how many f32 of scratch [`wkv7`](Self::wkv7) needs for heads of this size.
    pub const fn wkv7_scratch(head_dim: usize) -> usize {
        ops::wkv7::scratch_len(head_dim)
    }

    /// Moves one head of RWKV-7 through positions of one sequence: makes its vectors from what the
    /// products gave, updates the state, reads it, norms and gates what was read.
    ///
    /// `state` is `[d, d]`, row `i` belonging to value `i` and column `j` to key `j`:
    /// `state = state diag(w) + (state a) b^T + v k^T`, `read = state r`.
    ///
    /// *Shapes*: `out: [n_rows, d]`, the head's columns; `scratch` at least
    /// [`wkv7_scratch`](Self::wkv7_scratch).
    ///
    /// # Panics
    /// When a shape is another.
    pub fn wkv7(
        &self,
        args: Wkv7Args<'_>,
        state: &mut [f32],
        scratch: &mut [f32],
        out: ColumnsMut<'_>,
    ) {
        let (n, d) = (out.n_rows(), out.n_cols());
        assert!(args.col + d <= args.dim, "columns of wkv7");
        assert_eq!(state.len(), d * d, "state of wkv7");
        assert!(scratch.len() >= Self::wkv7_scratch(d), "scratch of wkv7");
        let Wkv7Args {
            receptance,
            decay,
            key,
            value,
            rate,
            gate,
            ..
        } = args;
        let mix = args
            .mix
            .map_or([value; 2], |mix| [mix.first_value, mix.share]);
        for rows in [receptance, decay, key, value, rate, gate, mix[0], mix[1]] {
            assert_eq!(rows.len(), n * args.dim, "rows of wkv7");
        }
        let norm_bias = args.norm_bias.unwrap_or(args.norm_weight);
        for weights in [
            args.removal_key,
            args.key_rate,
            args.bonus,
            args.norm_weight,
            norm_bias,
        ] {
            assert_eq!(weights.len(), args.dim, "weights of wkv7");
        }
        (self.wkv7)(args, state, scratch, out);
    }
}

/// Checks the shapes of an attention and its scratch.
fn check_attend(args: &AttendArgs<'_>, scratch: Option<usize>) {
    let AttendArgs {
        queries,
        keys,
        values,
        ..
    } = args;
    let width = queries.n_heads * keys.dim;
    if queries.n_rows > 0 {
        let need = (queries.n_rows - 1) * queries.stride + width;
        assert!(
            queries.stride >= width && queries.rows.len() >= need,
            "queries"
        );
    }
    let n_positions = queries.first + queries.n_rows;
    let n_keys = keys.bytes.len() / keys.kind.tile_bytes(keys.dim) * KvKind::TILE;
    let n_values = values.bytes.len() / values.kind.row_bytes(values.dim);
    assert!(
        n_positions <= n_keys.min(n_values),
        "{n_positions} positions of {n_keys} keys, {n_values} values"
    );
    assert!(args.window != Some(0), "a window of no positions");
    assert!(
        args.sinks
            .is_none_or(|sinks| sinks.len() == queries.n_heads),
        "sinks"
    );
    let need = Kernels::attend_scratch(args.n_queries(), keys.dim, values.dim);
    assert!(scratch.is_none_or(|len| len >= need), "scratch of attend");
}

/// Checks the shape of what attention gives.
fn check_attended(args: &AttendArgs<'_>, out: &ColumnsMut<'_>) {
    assert_eq!(out.n_rows(), args.queries.n_rows, "outputs of attention");
    assert_eq!(
        out.n_cols(),
        args.queries.n_heads * args.values.dim,
        "outputs of attention"
    );
}
