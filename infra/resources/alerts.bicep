// What somebody must look at. queries/README.md explains each rule, and a test holds these figures equal to its table.
param location string
param tags object
param applicationInsightsId string
param alertEmail string

var rules = [
  {
    name: 'operator-faults'
    title: 'The server cannot act until its operator repairs it'
    severity: 1
    window: 'PT15M'
    frequency: 'PT5M'
    measure: ''
    threshold: 0
    dimension: 'event'
    resolvesItself: true
    query: loadTextContent('../queries/operator-faults.kql')
  }
  {
    name: 'exchange-failures'
    title: 'Many exchanges of tokens fail'
    severity: 2
    window: 'PT15M'
    frequency: 'PT5M'
    measure: 'failure_percent'
    threshold: 5
    dimension: ''
    resolvesItself: true
    query: loadTextContent('../queries/exchange-failures.kql')
  }
  {
    name: 'denials-of-one-person'
    title: 'Azure refuses one person unusually often'
    severity: 2
    window: 'PT15M'
    frequency: 'PT5M'
    measure: 'denied'
    threshold: 10
    dimension: 'user'
    // what somebody tried stays worth a question after they stop
    resolvesItself: false
    query: loadTextContent('../queries/denials-of-one-person.kql')
  }
  {
    name: 'certificate'
    title: 'The certificate ends soon, or its successor cannot serve'
    severity: 2
    window: 'P1D'
    frequency: 'PT6H'
    measure: ''
    threshold: 0
    dimension: 'event'
    resolvesItself: true
    query: loadTextContent('../queries/certificate.kql')
  }
  {
    name: 'latency'
    title: 'Calls are slow'
    severity: 3
    window: 'PT15M'
    frequency: 'PT15M'
    measure: 'p95_ms'
    threshold: 15000
    dimension: ''
    resolvesItself: true
    query: loadTextContent('../queries/latency.kql')
  }
]

resource readers 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: 'mcp-cost-server'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mcp-costs'
    enabled: true
    emailReceivers: [{ name: 'operator', emailAddress: alertEmail, useCommonAlertSchema: true }]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: rule.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      severity: rule.severity
      enabled: true
      scopes: [applicationInsightsId]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: empty(rule.measure) ? 'Count' : 'Maximum'
            metricMeasureColumn: empty(rule.measure) ? null : rule.measure
            operator: 'GreaterThan'
            threshold: rule.threshold
            dimensions: empty(rule.dimension) ? [] : [{ name: rule.dimension, operator: 'Include', values: ['*'] }]
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: rule.resolvesItself
      actions: { actionGroups: empty(alertEmail) ? [] : [readers.id] }
    }
  }
]
