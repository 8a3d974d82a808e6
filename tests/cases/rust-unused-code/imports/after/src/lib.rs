#![deny(warnings)]

use std::collections::HashMap;

/// Counts equal values.
pub fn count(values: &[u32]) -> HashMap<u32, usize> {
    let mut seen = HashMap::new();
    for value in values {
        *seen.entry(*value).or_insert(0) += 1;
    }
    seen
}
