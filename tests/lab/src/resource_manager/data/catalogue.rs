//! The services the tenant uses, and roughly what they cost.

/// A service and one of its meters.
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) subcategory: &'static str,
    pub(super) meter: &'static str,
    pub(super) resource_type: &'static str,
    /// What a day costs on average, in thousandths of the currency.
    pub(super) daily: u32,
}

const fn service(
    name: &'static str,
    subcategory: &'static str,
    meter: &'static str,
    resource_type: &'static str,
    daily: u32,
) -> Service {
    Service { name, subcategory, meter, resource_type, daily }
}

/// From the dearest to the cheapest.
pub(super) const SERVICES: [Service; 29] = [
    service("Virtual Machines", "Dv5 Series", "D8s v5", "microsoft.compute/virtualmachines", 59_400),
    service("SQL Database", "General Purpose", "vCore", "microsoft.sql/servers/databases", 19_700),
    service("Azure Kubernetes Service", "Standard", "Uptime SLA", "microsoft.containerservice/managedclusters", 14_300),
    service("Azure OpenAI", "GPT", "Input Tokens", "microsoft.cognitiveservices/accounts", 11_900),
    service(
        "Azure Database for PostgreSQL",
        "Flexible Server",
        "vCore",
        "microsoft.dbforpostgresql/flexibleservers",
        9_800,
    ),
    service("Azure App Service", "Premium v3", "P1 v3 App", "microsoft.web/serverfarms", 8_600),
    service("Azure Cosmos DB", "Autoscale", "100 RU/s", "microsoft.documentdb/databaseaccounts", 7_900),
    service("Storage", "Premium SSD Managed Disks", "P20 LRS Disk", "microsoft.compute/disks", 6_100),
    service("Log Analytics", "Analytics Logs", "Data Ingestion", "microsoft.operationalinsights/workspaces", 5_300),
    service("Azure Firewall", "Standard", "Deployment", "microsoft.network/azurefirewalls", 4_900),
    service("Application Gateway", "WAF v2", "Fixed Cost", "microsoft.network/applicationgateways", 4_200),
    service("Azure Cache for Redis", "Standard", "C2 Cache", "microsoft.cache/redis", 3_800),
    service("Azure Front Door", "Premium", "Base Fee", "microsoft.cdn/profiles", 3_300),
    service("Virtual WAN", "Standard Hub", "Hub", "microsoft.network/virtualhubs", 2_900),
    service("VPN Gateway", "VpnGw1AZ", "Gateway", "microsoft.network/virtualnetworkgateways", 2_400),
    service("Azure Cognitive Search", "Standard S1", "Unit", "microsoft.search/searchservices", 2_100),
    service("Microsoft Defender for Cloud", "Servers P2", "Node", "microsoft.security/pricings", 1_700),
    service(
        "Bandwidth",
        "Rtn Preference: MGN",
        "Standard Data Transfer Out",
        "microsoft.network/publicipaddresses",
        1_400,
    ),
    service("Backup", "Vaults", "Protected Instances", "microsoft.recoveryservices/vaults", 1_200),
    service("Load Balancer", "Standard", "Data Processed", "microsoft.network/loadbalancers", 1_050),
    service("Virtual Network", "Private Link", "Private Endpoint", "microsoft.network/privateendpoints", 900),
    service("Container Registry", "Premium", "Registry Unit", "microsoft.containerregistry/registries", 780),
    service("Service Bus", "Premium", "Messaging Unit", "microsoft.servicebus/namespaces", 640),
    service("Event Hubs", "Standard", "Throughput Unit", "microsoft.eventhub/namespaces", 510),
    service("API Management", "Consumption", "Calls", "microsoft.apimanagement/service", 330),
    service("Key Vault", "Standard", "Operations", "microsoft.keyvault/vaults", 42),
    service("Functions", "Flex Consumption", "On Demand Execution Time", "microsoft.web/sites", 17),
    service("Logic Apps", "Consumption", "Standard Connector Actions", "microsoft.logic/workflows", 6),
    service("Automation", "Process Automation", "Job Run Time", "microsoft.automation/automationaccounts", 2),
];

/// The service that costs next to nothing.
pub(super) const DNS: Service = service("Azure DNS", "Public", "Queries", "microsoft.network/dnszones", 0);

/// What the reservation is for.
pub(super) const RESERVED_CAPACITY: Service =
    service("SQL Database", "General Purpose", super::RESERVATION, "microsoft.sql/servers/databases", 0);
