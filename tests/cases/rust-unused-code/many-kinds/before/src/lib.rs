#![deny(unused)]

use std::{
    collections::HashMap,
    fmt,
    io::{self, Read},
};

pub fn all(mut input: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let mut limit = 3;
    let start = text.len() + 1;
    for round in 0..limit {
        if (text.is_empty()) {
            input.read_to_string(&mut text)?;
        }
    }
    Ok(text)
}
