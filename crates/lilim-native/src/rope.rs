//! Rotary positions: one frequency for each pair of a head's elements, and the cosines and sines of
//! a chunk's positions.
//!
//! Frequency and angle are f32, as transformers computes them: at large angles another width would
//! give another rotation. `pow`, `cos` and `sin` are `libm`'s, hence the same on every machine.

/// The frequencies of one rotation.
#[derive(Clone, Debug)]
pub(crate) struct Rope {
    /// Radians per position. `[n_dims / 2]`
    frequencies: Vec<f32>,
    /// Multiplies cosines and sines.
    magnitude: f32,
}

/// What frequencies are made of.
pub(crate) struct RopeShape<'a> {
    /// Elements that rotate; even.
    pub n_dims: usize,
    pub base: f32,
    /// Divides every frequency.
    pub linear_factor: f32,
    /// Divides each frequency by its own number. `[n_dims / 2]`
    pub divisors: Option<&'a [f32]>,
    pub magnitude: f32,
}

impl Rope {
    pub(crate) fn new(shape: &RopeShape) -> Self {
        let n_pairs = shape.n_dims / 2;
        if let Some(divisors) = shape.divisors {
            assert_eq!(divisors.len(), n_pairs, "one divisor for each pair");
        }
        let frequency = |pair: usize| {
            let exponent = (2 * pair) as f32 / shape.n_dims as f32;
            let period = libm::powf(shape.base, exponent);
            let divisor = shape.divisors.map_or(1.0, |divisors| divisors[pair]);
            1.0 / (divisor * period) / shape.linear_factor
        };
        Self {
            frequencies: (0..n_pairs).map(frequency).collect(),
            magnitude: shape.magnitude,
        }
    }

    /// Elements of one position's cosines: half of those that rotate.
    pub(crate) fn n_pairs(&self) -> usize {
        self.frequencies.len()
    }

    /// Appends the rows of positions `first..first + n`.
    pub(crate) fn extend(&self, first: usize, n: usize, table: &mut RopeTable) {
        for pos in first..first + n {
            for &frequency in &self.frequencies {
                let angle = pos as f32 * frequency;
                table.cos.push(libm::cosf(angle) * self.magnitude);
                table.sin.push(libm::sinf(angle) * self.magnitude);
            }
        }
    }
}

/// Cosines and sines of a pass.
#[derive(Debug, Default)]
pub(crate) struct RopeTable {
    /// `[n_positions, n_pairs]`
    pub cos: Vec<f32>,
    /// `[n_positions, n_pairs]`
    pub sin: Vec<f32>,
}

impl RopeTable {
    pub(crate) fn clear(&mut self) {
        self.cos.clear();
        self.sin.clear();
    }

    /// The row of the pass's `row`-th position.
    pub(crate) fn row(&self, row: usize, n_pairs: usize) -> (&[f32], &[f32]) {
        let range = row * n_pairs..(row + 1) * n_pairs;
        (&self.cos[range.clone()], &self.sin[range])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(n_dims: usize) -> RopeShape<'static> {
        RopeShape {
            n_dims,
            base: 10_000.0,
            linear_factor: 1.0,
            divisors: None,
            magnitude: 1.0,
        }
    }

    #[test]
    fn frequencies_fall_from_one_by_powers_of_the_base() {
        let rope = Rope::new(&shape(8));
        assert_eq!(rope.frequencies, [1.0, 0.1, 0.01, 0.001]);
    }

    #[test]
    fn scalings_divide_and_magnitude_multiplies() {
        let divisors = [1.0, 2.0];
        let rope = Rope::new(&RopeShape {
            linear_factor: 4.0,
            divisors: Some(&divisors),
            magnitude: 3.0,
            ..shape(4)
        });
        assert_eq!(rope.frequencies, [0.25, 0.00125]);
        let mut table = RopeTable::default();
        rope.extend(0, 1, &mut table);
        assert_eq!((table.cos, table.sin), (vec![3.0, 3.0], vec![0.0, 0.0]));
    }

    #[test]
    fn a_table_depends_on_the_position_only() {
        let rope = Rope::new(&shape(6));
        let (mut whole, mut part) = (RopeTable::default(), RopeTable::default());
        rope.extend(0, 9, &mut whole);
        rope.extend(7, 2, &mut part);
        assert_eq!(whole.row(8, 3), part.row(1, 3));
    }
}
