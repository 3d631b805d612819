//! A detector over a number that comes once a window: what it is set to, and what it remembers in between.

use super::{Detector, Settings, Step};
use crate::bytes::{get_length, put};

/// A detector over what an expectation finds in one window after another.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The detector and its parameters.
    pub settings: Settings,
}

/// What the watches of a plan remember from window to window, in their order.
#[derive(Clone, Debug, Default)]
pub struct Memory(Vec<Option<Detector>>);

impl Watch {
    /// How many windows the detector must have seen before it says anything; 0 where it has no such number.
    pub fn warm_up(&self) -> u64 {
        const NAMES: [&str; 4] = ["min_num_instances", "min_instances", "warm_start", "grace_period"];
        let is = |it: &str| NAMES.contains(&it);
        let found = self.settings.all().find(|(it, _)| is(it.name) || it.aliases.iter().any(|it| is(it)));
        found.map_or(0, |(_, it)| it as u64)
    }

    /// Its name, and the parameters that are not as they are by default.
    pub fn words(&self) -> String {
        let other = self.settings.all().filter(|(it, value)| value.to_bits() != it.default.to_bits());
        let other: Vec<_> = other.map(|(it, value)| format!("{} {}", it.name, it.to_json(value))).collect();
        let name = self.settings.kind().name;
        if other.is_empty() { name.to_owned() } else { format!("{name} ({})", other.join(", ")) }
    }
}

impl Memory {
    /// Takes in the next number of the `n`-th watch: what its detector says, and the detector. `None` when the
    /// parameters do not go together, which they do where a suite was compiled.
    pub fn update(&mut self, n: usize, watch: &Watch, value: f64) -> Option<(Step, &Detector)> {
        if self.0.len() <= n {
            self.0.resize(n + 1, None);
        }
        let slot = self.0.get_mut(n)?;
        // Another program may have written what was remembered: with other parameters it is of no use.
        let fits = slot.as_ref().is_some_and(|it| it.settings() == &watch.settings);
        if !fits {
            *slot = Detector::of(watch.settings.clone()).ok();
        }
        let detector = slot.as_mut()?;
        let step = detector.update(value);
        Some((step, detector))
    }

    /// As bytes, which [`Memory::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for it in &self.0 {
            let state = it.as_ref().map(Detector::to_bytes).unwrap_or_default();
            put(state.len() as u64, &mut out);
            out.extend_from_slice(&state);
        }
        out
    }

    /// What was remembered. A detector that this program cannot read begins anew.
    pub fn from_bytes(mut bytes: &[u8]) -> Self {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let Some(state) = get_length(&mut bytes).and_then(|it| bytes.split_off(..it)) else { break };
            all.push(Detector::from_bytes(state).ok());
        }
        Memory(all)
    }
}
