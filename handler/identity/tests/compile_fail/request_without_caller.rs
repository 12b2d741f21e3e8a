//! The connection to Azure sends nothing by itself; only a caller's does.

use identity::{ArmConnection, ArmRequest, CallerArm};

async fn as_nobody(connection: &ArmConnection, request: &ArmRequest) {
    let _ = connection.send(request).await; //~ E0599
    let _ = &connection.http; //~ E0616
}

fn forge<'a>(connection: &'a ArmConnection) {
    let _ = CallerArm { connection }; //~ private fields
}

fn main() {}
