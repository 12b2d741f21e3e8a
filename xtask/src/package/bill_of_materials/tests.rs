//! Proves that the bill names what is linked and nothing else. That it is `CycloneDX` is proven by that project's own schema,
//! in `.ci/package`.

use super::*;

const TREE: &str = "\
0handler v0.1.0 (/repository/handler)|MIT|
1axum v0.8.9|MIT|https://github.com/tokio-rs/axum
2bytes v1.12.2|MIT/Apache-2.0|
1identity v0.1.0 (C:\\repository\\handler\\identity)|MIT|
2axum v0.8.9|MIT|https://github.com/tokio-rs/axum (*)
1bytes v1.12.2|MIT/Apache-2.0|
";

const LOCK: &str = r#"
version = 4

[[package]]
name = "axum"
version = "0.8.9"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "aa"
dependencies = ["bytes"]

[[package]]
name = "bytes"
version = "0.5.0"
checksum = "00"

[[package]]
name = "bytes"
version = "1.12.2"
checksum = "bb"

[[package]]
name = "handler"
version = "0.1.0"
"#;

const SUBJECT: Subject<'_> = Subject { commit: Some("c0ffee"), sha256: "ff" };

#[test]
fn crates_have_their_licence_source_and_checksum_and_who_needs_them() {
    let bill = bill_of_materials(TREE, LOCK, &SUBJECT).unwrap();
    insta::assert_snapshot!(format!("{bill:#}"), @r#"
    {
      "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
      "bomFormat": "CycloneDX",
      "components": [
        {
          "bom-ref": "identity@0.1.0",
          "licenses": [
            {
              "expression": "MIT"
            }
          ],
          "name": "identity",
          "scope": "required",
          "type": "library",
          "version": "0.1.0"
        },
        {
          "bom-ref": "pkg:cargo/axum@0.8.9",
          "externalReferences": [
            {
              "type": "vcs",
              "url": "https://github.com/tokio-rs/axum"
            }
          ],
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "aa"
            }
          ],
          "licenses": [
            {
              "expression": "MIT"
            }
          ],
          "name": "axum",
          "purl": "pkg:cargo/axum@0.8.9",
          "scope": "required",
          "type": "library",
          "version": "0.8.9"
        },
        {
          "bom-ref": "pkg:cargo/bytes@1.12.2",
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "bb"
            }
          ],
          "licenses": [
            {
              "expression": "MIT OR Apache-2.0"
            }
          ],
          "name": "bytes",
          "purl": "pkg:cargo/bytes@1.12.2",
          "scope": "required",
          "type": "library",
          "version": "1.12.2"
        }
      ],
      "dependencies": [
        {
          "dependsOn": [
            "identity@0.1.0",
            "pkg:cargo/axum@0.8.9",
            "pkg:cargo/bytes@1.12.2"
          ],
          "ref": "handler@0.1.0"
        },
        {
          "dependsOn": [
            "pkg:cargo/axum@0.8.9"
          ],
          "ref": "identity@0.1.0"
        },
        {
          "dependsOn": [
            "pkg:cargo/bytes@1.12.2"
          ],
          "ref": "pkg:cargo/axum@0.8.9"
        },
        {
          "dependsOn": [],
          "ref": "pkg:cargo/bytes@1.12.2"
        }
      ],
      "metadata": {
        "component": {
          "bom-ref": "handler@0.1.0",
          "hashes": [
            {
              "alg": "SHA-256",
              "content": "ff"
            }
          ],
          "licenses": [
            {
              "expression": "MIT"
            }
          ],
          "name": "mcp-cost-server",
          "properties": [
            {
              "name": "mcp-cost-server:target",
              "value": "x86_64-unknown-linux-gnu"
            },
            {
              "name": "mcp-cost-server:commit",
              "value": "c0ffee"
            }
          ],
          "type": "application",
          "version": "0.1.0"
        }
      },
      "specVersion": "1.6",
      "version": 1
    }
    "#);
}

#[test]
fn a_crate_without_a_checksum_is_refused() {
    let tree = format!("{TREE}1stranger v1.0.0|MIT|\n");
    assert!(matches!(bill_of_materials(&tree, LOCK, &SUBJECT), Err(BillOfMaterialsError::NoChecksum(_))));
}

#[test]
fn a_tree_that_is_not_understood_is_refused() {
    for tree in ["", "handler", "0handler v0.1.0", "0handler 0.1.0|MIT|", "0handler v0.1.0|MIT|\n2bytes v1.12.2|MIT|"] {
        assert!(matches!(bill_of_materials(tree, LOCK, &SUBJECT), Err(BillOfMaterialsError::Line(_))), "{tree}");
    }
    assert!(matches!(bill_of_materials(TREE, "[[package", &SUBJECT), Err(BillOfMaterialsError::Lock(_))));
}

#[test]
fn the_repositorys_own_bill_has_what_is_linked_and_neither_tests_nor_build_scripts() {
    let root = crate::repository_root();
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let bill = bill_of_materials(&linked_crates(root).unwrap(), &lock, &SUBJECT).unwrap();
    let components = bill["components"].as_array().unwrap();
    let named = |name: &str| components.iter().any(|component| component["name"] == name);
    for linked in ["aws-lc-sys", "axum", "identity", "rustls", "tokio"] {
        assert!(named(linked), "{linked} is linked");
    }
    for absent in ["cc", "insta", "lab", "rcgen", "rmcp", "serde_derive", "windows-sys", "xtask"] {
        assert!(!named(absent), "{absent} is not linked");
    }
    for component in components {
        assert!(!component["licenses"].as_array().unwrap().is_empty(), "{component} has no licence");
    }
}
