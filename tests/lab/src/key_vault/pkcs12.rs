//! A certificate, with or without its key, as PKCS#12 (RFC 7292): how a vault keeps a certificate's secret by default.
//!
//! As in Azure the password is empty. Unlike there nothing is encrypted: the standard allows it, and an empty password
//! hides nothing. The integrity check is there, because readers insist on it.

use aws_lc_rs::{digest, hmac};

/// Times the digest is applied to derive the key of the integrity check.
const ITERATIONS: u16 = 2_000;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `[0] EXPLICIT`.
const TAGGED: u8 = 0xa0;

/// 1.2.840.113549.1.7.1
const DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// 1.2.840.113549.1.12.10.1.1
const KEY_BAG: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x01];
/// 1.2.840.113549.1.12.10.1.3
const CERTIFICATE_BAG: [u8; 11] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
/// 1.2.840.113549.1.9.22.1
const X509_CERTIFICATE: [u8; 10] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x16, 0x01];
/// 1.2.840.113549.1.9.21
const LOCAL_KEY_ID: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x15];
/// 2.16.840.1.101.3.4.2.1
const SHA256: [u8; 9] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// Puts `certificate` (DER) and `key` (PKCS#8 DER) into one file; `salt` is for the integrity check.
pub(super) fn file(key: Option<&[u8]>, certificate: &[u8], salt: &[u8]) -> Vec<u8> {
    // the same id says that the key is the certificate's
    let id = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
    let certificate = [object(&X509_CERTIFICATE), node(TAGGED, &node(OCTET_STRING, certificate))].concat();
    let mut bags = bag(&CERTIFICATE_BAG, &node(SEQUENCE, &certificate), id.as_ref());
    if let Some(key) = key {
        bags.extend(bag(&KEY_BAG, key, id.as_ref()));
    }
    let safe = node(SEQUENCE, &content(&node(SEQUENCE, &bags)));
    let algorithm = node(SEQUENCE, &[object(&SHA256), node(NULL, &[])].concat());
    let check = node(SEQUENCE, &[algorithm, node(OCTET_STRING, &integrity(&safe, salt))].concat());
    let check = [check, node(OCTET_STRING, salt), node(INTEGER, &ITERATIONS.to_be_bytes())].concat();
    node(SEQUENCE, &[node(INTEGER, &[3]), content(&safe), node(SEQUENCE, &check)].concat())
}

/// A `SafeBag` with the attribute that ties key and certificate together.
fn bag(kind: &[u8], value: &[u8], id: &[u8]) -> Vec<u8> {
    let attribute = [object(&LOCAL_KEY_ID), node(SET, &node(OCTET_STRING, id))].concat();
    node(SEQUENCE, &[object(kind), node(TAGGED, value), node(SET, &node(SEQUENCE, &attribute))].concat())
}

/// A `ContentInfo` that holds plain data.
fn content(data: &[u8]) -> Vec<u8> {
    node(SEQUENCE, &[object(&DATA), node(TAGGED, &node(OCTET_STRING, data))].concat())
}

/// HMAC-SHA-256 with a key derived from the empty password (appendix B.2; one block is enough for this digest).
fn integrity(data: &[u8], salt: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    const FOR_INTEGRITY: u8 = 3;
    let salt = salt.iter().cycle().take(salt.len().div_ceil(BLOCK) * BLOCK);
    // the empty password is the final zero of a BMPString
    let password = [0; BLOCK];
    let block: Vec<u8> = [FOR_INTEGRITY; BLOCK].iter().chain(salt).chain(&password).copied().collect();
    let mut key = digest::digest(&digest::SHA256, &block);
    for _ in 1..ITERATIONS {
        key = digest::digest(&digest::SHA256, key.as_ref());
    }
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), data).as_ref().to_vec()
}

fn object(identifier: &[u8]) -> Vec<u8> {
    node(OBJECT_IDENTIFIER, identifier)
}

/// Tag, length, content (X.690, section 8.1).
fn node(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut node = vec![tag];
    match length.as_slice() {
        [] => node.push(0),
        [short @ 0..=127] => node.push(*short),
        long => {
            node.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            node.extend(long);
        }
    }
    node.extend(content);
    node
}
