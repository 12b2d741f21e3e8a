//! Random changes to valid tokens: of their bytes, of their parts, and of what the parts say.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::corpus::{decode, encode, parts, siblings};

/// `SplitMix64` (Steele, Lea, Flood 2014): the same seed, the same tokens.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, which is not zero.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// One way of changing a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mutation {
    FlipBits,
    ChangeCharacters,
    Insert,
    Remove,
    Repeat,
    ChangeCase,
    CutOff,
    RearrangeParts,
    SpliceParts,
    SpliceAnywhere,
    RespellPart,
    EditHeader,
    EditClaims,
}

const MUTATIONS: [Mutation; 13] = [
    Mutation::FlipBits,
    Mutation::ChangeCharacters,
    Mutation::Insert,
    Mutation::Remove,
    Mutation::Repeat,
    Mutation::ChangeCase,
    Mutation::CutOff,
    Mutation::RearrangeParts,
    Mutation::SpliceParts,
    Mutation::SpliceAnywhere,
    Mutation::RespellPart,
    Mutation::EditHeader,
    Mutation::EditClaims,
];

/// Mostly what tokens are made of.
const CHARACTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_-_....==+/,;:% \t\0\"{}";

/// Makes mutants without end. None of them is one of the valid tokens.
pub(crate) struct Mutator {
    random: Random,
    tokens: Vec<[String; 3]>,
    valid: HashSet<String>,
}

impl Mutator {
    pub(crate) fn new(seed: u64, valid: &[String]) -> Self {
        let tokens = valid.iter().map(|token| parts(token)).collect();
        Self { random: Random::new(seed), tokens, valid: valid.iter().cloned().collect() }
    }

    fn mutate(&mut self, mutation: Mutation) -> String {
        let token = self.token();
        let whole = token.join(".");
        match mutation {
            Mutation::FlipBits => self.flip_bits(whole),
            Mutation::ChangeCharacters => self.some_times(whole, |random, bytes| {
                let index = random.below(bytes.len());
                bytes[index] = *random.pick(CHARACTERS);
            }),
            Mutation::Insert => self.some_times(whole, |random, bytes| {
                bytes.insert(random.below(bytes.len() + 1), *random.pick(CHARACTERS));
            }),
            Mutation::Remove => self.some_times(whole, |random, bytes| {
                bytes.remove(random.below(bytes.len()));
            }),
            Mutation::Repeat => self.some_times(whole, |random, bytes| {
                let start = random.below(bytes.len());
                let end = (start + 1 + random.below(40)).min(bytes.len());
                let piece = bytes[start..end].to_vec();
                bytes.splice(end..end, piece);
            }),
            Mutation::ChangeCase => self.some_times(whole, |random, bytes| {
                let index = random.below(bytes.len());
                bytes[index] ^= if bytes[index].is_ascii_alphabetic() { 0x20 } else { 0 };
            }),
            Mutation::CutOff => {
                let end = self.random.below(whole.len());
                whole[..end].to_owned()
            }
            Mutation::RearrangeParts => {
                let count = self.random.below(6);
                (0..count).map(|_| self.random.pick(&token).clone()).collect::<Vec<_>>().join(".")
            }
            Mutation::SpliceParts => {
                let parts: Vec<_> = (0..3).map(|part| self.token()[part].clone()).collect();
                parts.join(".")
            }
            Mutation::SpliceAnywhere => {
                let other = self.token().join(".");
                let (start, end) = (self.random.below(whole.len()), self.random.below(other.len()));
                format!("{}{}", &whole[..start], &other[end..])
            }
            Mutation::RespellPart => self.respell(token),
            Mutation::EditHeader => self.edit(token, 0, &header_edits()),
            Mutation::EditClaims => self.edit(token, 1, &claim_edits()),
        }
    }

    fn token(&mut self) -> [String; 3] {
        self.random.pick(&self.tokens).clone()
    }

    /// Once, mostly; up to four times.
    fn some_times(&mut self, token: String, change: impl Fn(&mut Random, &mut Vec<u8>)) -> String {
        let mut bytes = token.into_bytes();
        for _ in 0..=self.random.below(4).saturating_sub(self.random.below(4)) {
            change(&mut self.random, &mut bytes);
        }
        String::from_utf8(bytes).unwrap()
    }

    fn flip_bits(&mut self, token: String) -> String {
        let mut bytes = token.into_bytes();
        for _ in 0..=self.random.below(8).saturating_sub(4) {
            let index = self.random.below(bytes.len());
            bytes[index] ^= 1 << self.random.below(8);
        }
        // each byte as the character of that number, as HTTP's old text has it
        bytes.into_iter().map(char::from).collect()
    }

    /// The same bytes, as a lenient reader has it.
    fn respell(&mut self, mut token: [String; 3]) -> String {
        let part = self.random.below(3);
        let spelt = &token[part];
        let siblings = siblings(spelt);
        token[part] = match self.random.below(5) {
            0 => format!("{spelt}{}", "=".repeat(1 + self.random.below(4))),
            1 => spelt.replace('-', "+").replace('_', "/") + "=",
            2 => format!("{spelt}{}", self.random.pick(&["\n", "\r\n", " ", "\t", "\0", "%3D", "A"])),
            3 => encode(spelt),
            _ if siblings.is_empty() => format!("{spelt}="),
            _ => self.random.pick(&siblings).clone(),
        };
        token.join(".")
    }

    /// Another member in the header or the claims, under the signature of the right ones.
    fn edit(&mut self, mut token: [String; 3], part: usize, edits: &[(&str, Value)]) -> String {
        let mut members: Map<String, Value> = serde_json::from_slice(&decode(&token[part])).unwrap();
        for _ in 0..=self.random.below(3) {
            let (name, value) = self.random.pick(edits);
            match value {
                Value::Null => members.remove(*name),
                Value::Number(number) => {
                    let moved = number.as_i64().unwrap() + i64::try_from(self.random.below(100_000)).unwrap();
                    members.insert((*name).to_owned(), moved.into())
                }
                value => members.insert((*name).to_owned(), value.clone()),
            };
        }
        token[part] = encode(Value::Object(members).to_string());
        token.join(".")
    }
}

impl Iterator for Mutator {
    type Item = (Mutation, String);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mutation = *self.random.pick(&MUTATIONS);
            let mutant = self.mutate(mutation);
            if !self.valid.contains(&mutant) {
                return Some((mutation, mutant));
            }
        }
    }
}

fn header_edits() -> [(&'static str, Value); 10] {
    [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", Value::Null),
        ("kid", json!("evil")),
        ("kid", Value::Null),
        ("typ", json!("at+jwt")),
        ("typ", Value::Null),
        ("jku", json!("https://evil.example/keys")),
        ("crit", json!(["exp"])),
        ("x", json!(1)),
    ]
}

fn claim_edits() -> [(&'static str, Value); 14] {
    [
        ("oid", json!("71b3d5f9-8e6c-4a20-b1d4-f6a8c0e2d4b7")),
        ("sub", json!("evil")),
        ("tid", json!("9188040d-6c67-4c5b-b112-36a304b66dad")),
        ("aud", json!("00000003-0000-0000-c000-000000000000")),
        ("azp", json!("04b07795-8ddb-461a-bbee-02f9e1bf7b46")),
        ("exp", json!(2_000_000_000)),
        ("nbf", json!(1_700_000_000)),
        ("scp", json!("cost.read cost.export")),
        ("roles", json!(["Diagnostics.Read"])),
        ("idtyp", json!("app")),
        ("preferred_username", json!("bob@contoso.example")),
        ("uti", json!("evil")),
        ("xms_cc", json!(["cp1"])),
        ("amr", json!(["pwd", "mfa"])),
    ]
}
