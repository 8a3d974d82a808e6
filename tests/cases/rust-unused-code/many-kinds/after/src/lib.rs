#![deny(unused)]

use std::{
    io::{self, Read},
};

pub fn all(mut input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let limit = 3;
    for _round in 0..limit {
        if text.is_empty() {
            input.read_to_string(&mut text)?;
        }
    }
    Ok(text)
}
