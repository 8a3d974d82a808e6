#![deny(unused_variables)]

fn load() -> u32 {
    7
}

pub fn all() -> u32 {
    let first = load();
    3
}
