//! What a machine tells of itself beside its processes: energy, heat, clock rate.

use crate::climate::Climate;
use crate::energy::Meter;

/// Where the machine is read.
#[derive(Debug)]
pub struct Sensors {
    /// Counters of energy.
    pub energy: Meter,
    /// Temperatures and clock rates.
    pub climate: Climate,
}

impl Sensors {
    /// This machine's.
    pub fn system() -> Self {
        Self {
            energy: Meter::system(),
            climate: Climate::system(),
        }
    }
}
