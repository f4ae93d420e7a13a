/** What a newcomer needs once the platform runs. */
export function banner({ url, dataDir, seconds }: { url: string; dataDir: string; seconds: number }): string {
  return `
  Waybill is ready after ${seconds.toFixed(1)} s.

    REST API     ${url}/api/v1
    Try it out   ${url}/docs
    Health       ${url}/health        Metrics  ${url}/metrics
    Data         ${dataDir}

    Clients      demo-shop, demo-courier, demo-operator (tenant demo), acme-shop, acme-operator (tenant acme)
    Secret       demo-secret

  Place an order:

    TOKEN=$(curl -s ${url}/api/v1/auth/token -d grant_type=client_credentials \\
      -d client_id=demo-shop -d client_secret=demo-secret | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

    curl -s ${url}/api/v1/orders -H "Authorization: Bearer $TOKEN" \\
      -H "Content-Type: application/json" -H "Idempotency-Key: first-order" -d '{
        "items": [{ "sku": "SKU-COFFEE-1KG", "quantity": 2 }],
        "shippingAddress": { "name": "Ada Lovelace", "line1": "12 Harbour St", "city": "Hamburg", "postalCode": "20095", "country": "DE" },
        "paymentToken": "pm_card_visa" }'

  and watch it on its way:

    curl -N ${url}/api/v1/events -H "Authorization: Bearer $TOKEN"

  Ctrl-C stops everything. Nothing that was accepted is lost, however it ends.

`;
}
