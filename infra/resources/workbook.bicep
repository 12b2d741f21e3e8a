// Who was denied what, by person, tool and subscription.
param location string
param tags object
param applicationInsightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(applicationInsightsId, 'mcp-cost-server')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'mcp-cost-server'
    category: 'workbook'
    sourceId: applicationInsightsId
    serializedData: string(union(loadJsonContent('../workbook.json'), { fallbackResourceIds: [applicationInsightsId] }))
  }
}
