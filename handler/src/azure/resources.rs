//! Lists of resources as Resource Manager answers them: what is named, and where it belongs.

use std::borrow::Cow;

use http::StatusCode;
use identity::{ArmResponse, UnixTime};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{CostError, Name, table::Complaint};

/// One of the list.
#[derive(Deserialize)]
pub(super) struct Resource<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    properties: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    value: Vec<Resource<'a>>,
    next_link: Option<String>,
}

/// Reads one page with `read`, which may leave a resource out: what is kept, and where the next page is.
pub(super) fn page<T>(
    response: &ArmResponse,
    now: UnixTime,
    read: impl Fn(&Resource<'_>) -> Result<Option<T>, Complaint>,
) -> Result<(Vec<T>, Option<String>), CostError> {
    match response.status {
        StatusCode::OK => {}
        StatusCode::NO_CONTENT => return Ok((vec![], None)),
        status => return Err(CostError::of(status, &response.headers, &response.body, now)),
    }
    let Body { value, next_link } =
        serde_json::from_slice(&response.body).map_err(|_| CostError::BadAnswer("not a list of resources"))?;
    let kept = value.iter().filter_map(|resource| read(resource).transpose()).collect::<Result<_, _>>();
    Ok((kept.map_err(CostError::BadAnswer)?, next_link.filter(|link| !link.is_empty())))
}

impl Resource<'_> {
    /// Its name, chosen by others.
    pub(super) fn name(&self) -> Name {
        Name::without_addresses(&self.name)
    }

    /// The resource group it belongs to; none if it belongs to the whole subscription.
    pub(super) fn resource_group(&self) -> Option<Name> {
        let mut segments = self.id.as_deref()?.split('/');
        segments.find(|segment| segment.eq_ignore_ascii_case("resourceGroups"))?;
        segments.next().map(Name::without_addresses)
    }

    /// What it is. Numbers keep the text they are where `T` has a `Box<RawValue>` for them.
    pub(super) fn properties<T: DeserializeOwned>(&self) -> Result<T, Complaint> {
        serde_json::from_str(self.properties.get()).map_err(|_| "properties of another shape")
    }
}

/// An answer of Azure.
#[cfg(test)]
pub(super) fn answer(body: &str) -> ArmResponse {
    let body = bytes::Bytes::copy_from_slice(body.as_bytes());
    ArmResponse { status: StatusCode::OK, headers: http::HeaderMap::new(), body }
}
