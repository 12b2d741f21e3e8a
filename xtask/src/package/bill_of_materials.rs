//! The software bill of materials: which crates are linked into the handler, at which version, from which source bytes.
//!
//! Cargo itself is asked, with the features and the target of the build, for what is linked: no build script, no macro,
//! nothing of the tests. Checksums are those of `Cargo.lock`, which cargo verified when it downloaded the crates. The crate
//! `aws-lc-sys` carries the C sources of AWS-LC; the standard library is not listed.
//!
//! Format: `CycloneDX` 1.6, <https://cyclonedx.org/docs/1.6/json/>. No time and no serial number, which the format leaves
//! optional: the same build has the same bill.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::build::{AZURE, cargo};

/// Why there is no bill of materials.
#[derive(Debug, thiserror::Error)]
pub enum BillOfMaterialsError {
    /// Cargo could not be started.
    #[error("cargo could not be started: {0}")]
    Cargo(#[source] std::io::Error),
    /// Cargo refuses to list the crates: `Cargo.lock` is out of date, most likely.
    #[error("`cargo tree` failed: {0}")]
    Tree(String),
    /// Cargo writes its list differently from what is expected here: a developer must act.
    #[error("`cargo tree` printed a line that is not understood: {0}")]
    Line(String),
    /// `Cargo.lock` cannot be read.
    #[error("Cargo.lock: {0}")]
    Lock(String),
    /// A crate came from somewhere without a checksum, such as a Git repository; deny.toml forbids those.
    #[error("{0} has no checksum in Cargo.lock: only crates from crates.io are linked into what is deployed")]
    NoChecksum(String),
}

/// What is deployed, as the bill names it.
pub(super) struct Subject<'build> {
    pub(super) commit: Option<&'build str>,
    /// Of the binary, in hexadecimal digits.
    pub(super) sha256: &'build str,
}

/// A crate that is linked into the handler.
#[derive(Debug, PartialEq, Eq)]
struct Component {
    name: String,
    version: String,
    licence: String,
    repository: String,
    /// Part of this repository, not of a registry.
    is_ours: bool,
    dependencies: BTreeSet<String>,
}

impl Component {
    fn package_url(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

/// By reference, so that the bill is sorted.
type Components = BTreeMap<String, Component>;

/// What cargo links into the handler for Azure, as [`bill_of_materials`] reads it.
pub(super) fn linked_crates(repository_root: &Path) -> Result<String, BillOfMaterialsError> {
    let mut tree = cargo(repository_root, "tree");
    tree.args(["--locked", "--package", "handler", "--edges", "normal,no-proc-macro"]);
    tree.args(["--target", AZURE, "--prefix", "depth", "--format", "{p}|{l}|{r}", "--charset", "ascii"]);
    let output = tree.env("CARGO_TERM_COLOR", "never").output().map_err(BillOfMaterialsError::Cargo)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(BillOfMaterialsError::Tree(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

/// The bill of one build, from cargo's tree of crates and the text of `Cargo.lock`.
pub(super) fn bill_of_materials(tree: &str, lock: &str, subject: &Subject<'_>) -> Result<Value, BillOfMaterialsError> {
    let (root, mut crates) = read_tree(tree)?;
    let checksums = read_checksums(lock)?;
    let dependencies: Vec<_> = crates
        .iter()
        .map(|(reference, component)| json!({ "ref": reference, "dependsOn": component.dependencies }))
        .collect();
    let product = crates.remove(&root).ok_or_else(|| BillOfMaterialsError::Line(root.clone()))?;
    let components = crates
        .iter()
        .map(|(reference, component)| describe(reference, component, &checksums))
        .collect::<Result<Vec<_>, _>>()?;
    let mut properties = vec![json!({ "name": "mcp-cost-server:target", "value": AZURE })];
    properties.extend(subject.commit.map(|commit| json!({ "name": "mcp-cost-server:commit", "value": commit })));
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "mcp-cost-server",
                "version": product.version,
                "licenses": licences(&product),
                "hashes": [{ "alg": "SHA-256", "content": subject.sha256 }],
                "properties": properties,
            },
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn describe(
    reference: &str,
    component: &Component,
    checksums: &BTreeMap<(String, String), String>,
) -> Result<Value, BillOfMaterialsError> {
    let mut described = json!({
        "type": "library",
        "bom-ref": reference,
        "name": component.name,
        "version": component.version,
        "scope": "required",
        "licenses": licences(component),
    });
    if !component.is_ours {
        let key = (component.name.clone(), component.version.clone());
        let checksum = checksums.get(&key).ok_or_else(|| BillOfMaterialsError::NoChecksum(reference.to_owned()))?;
        described["purl"] = component.package_url().into();
        described["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        if !component.repository.is_empty() {
            described["externalReferences"] = json!([{ "type": "vcs", "url": component.repository }]);
        }
    }
    Ok(described)
}

fn licences(component: &Component) -> Value {
    if component.licence.is_empty() { json!([]) } else { json!([{ "expression": component.licence }]) }
}

/// The reference of the handler and every crate below it. A crate's dependencies are listed where it is met first.
fn read_tree(tree: &str) -> Result<(String, Components), BillOfMaterialsError> {
    let mut path: Vec<String> = Vec::new();
    let mut crates = Components::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let not_understood = || BillOfMaterialsError::Line(line.to_owned());
        let (depth, component) = read_line(line).ok_or_else(not_understood)?;
        let reference = if component.is_ours {
            format!("{}@{}", component.name, component.version)
        } else {
            component.package_url()
        };
        path.truncate(depth);
        if path.len() != depth {
            return Err(not_understood());
        }
        if let Some(dependent) = path.last().and_then(|dependent| crates.get_mut(dependent)) {
            dependent.dependencies.insert(reference.clone());
        }
        crates.entry(reference.clone()).or_insert(component);
        path.push(reference);
    }
    let root = path.into_iter().next().ok_or_else(|| BillOfMaterialsError::Line(String::new()))?;
    Ok((root, crates))
}

/// `<depth><name> v<version>[ (<path>)]|<licence>|<repository>[ (*)]`, where the star means: listed before.
fn read_line(line: &str) -> Option<(usize, Component)> {
    let line = line.strip_suffix("(*)").unwrap_or(line);
    let digits = line.find(|character: char| !character.is_ascii_digit())?;
    let (depth, rest) = line.split_at_checked(digits)?;
    let mut fields = rest.split('|').map(str::trim);
    let mut package = fields.next()?.split_whitespace();
    let (name, version) = (package.next()?, package.next()?.strip_prefix('v')?);
    let component = Component {
        name: name.to_owned(),
        version: version.to_owned(),
        // the older way to write it, which crates.io still accepts
        licence: fields.next()?.replace('/', " OR "),
        repository: fields.next()?.to_owned(),
        is_ours: package.next().is_some(),
        dependencies: BTreeSet::new(),
    };
    Some((depth.parse().ok()?, component))
}

/// The checksum of each crate of `Cargo.lock` that has one, by name and version.
fn read_checksums(lock: &str) -> Result<BTreeMap<(String, String), String>, BillOfMaterialsError> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Locked>,
    }
    #[derive(Deserialize)]
    struct Locked {
        name: String,
        version: String,
        checksum: Option<String>,
    }
    let lock: Lock = toml::from_str(lock).map_err(|error| BillOfMaterialsError::Lock(error.to_string()))?;
    let checksums = lock.package.into_iter().filter_map(|it| Some(((it.name, it.version), it.checksum?)));
    Ok(checksums.collect())
}

#[cfg(test)]
mod tests;
