import type { Instant } from "../../platform/clock.ts";
import type { Database } from "../../platform/database.ts";
import { newId } from "../../platform/ids.ts";
import { seedStock } from "./repository.ts";

/** What is on hand in the embedded profile, by tenant and SKU; the SKUs are the catalog's. */
export const onHand: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  demo: {
    "SKU-COFFEE-1KG": 1_000_000,
    "SKU-COFFEE-250G": 2_400,
    "SKU-ESPRESSO-1KG": 1_800,
    "SKU-ESPRESSO-GROUND-500G": 900,
    "SKU-DECAF-500G": 640,
    "SKU-ETHIOPIA-250G": 420,
    "SKU-KENYA-250G": 380,
    "SKU-COLOMBIA-500G": 510,
    "SKU-GUATEMALA-250G": 275,
    "SKU-GEISHA-100G": 5,
    "SKU-COLDBREW-1L": 160,
    "SKU-INSTANT-100G": 3_000,
    "SKU-TEA-EARLGREY-100G": 720,
    "SKU-TEA-DARJEELING-100G": 140,
    "SKU-TEA-ASSAM-250G": 560,
    "SKU-TEA-SENCHA-100G": 310,
    "SKU-MATCHA-30G": 95,
    "SKU-TEA-JASMINE-100G": 180,
    "SKU-TEA-ROOIBOS-200G": 450,
    "SKU-TEA-PEPPERMINT-100G": 830,
    "SKU-CHAI-250G": 390,
    "SKU-GRINDER-HAND": 48,
    "SKU-GRINDER-ELECTRIC": 22,
    "SKU-MACHINE-ESPRESSO": 9,
    "SKU-KETTLE-GOOSENECK": 64,
    "SKU-V60-CERAMIC": 210,
    "SKU-FILTERS-100": 5_000,
    "SKU-FRENCHPRESS-1L": 130,
    "SKU-MOKA-6": 175,
    "SKU-AEROPRESS": 240,
    "SKU-SCALE": 85,
    "SKU-TEAPOT-CAST-IRON": 33,
    "SKU-MATCHA-WHISK": 70,
    "SKU-MUG-CLASSIC": 600,
    "SKU-MUG-LIMITED": 0,
    "SKU-CUP-ESPRESSO-2": 260,
    "SKU-GLASS-DOUBLE-2": 190,
    "SKU-TUMBLER-STEEL": 320,
    "SKU-CANTUCCINI-250G": 480,
    "SKU-CHOCOLATE-70": 1_500,
    "SKU-OATMILK-1L": 2_200,
    "SKU-SUBSCRIPTION-GIFT": 10_000,
  },
  acme: {
    "SKU-COFFEE-1KG": 500,
    "ACME-ANVIL": 40,
    "ACME-MAGNET": 75,
    "ACME-ROPE": 300,
    "ACME-ROLLER-SKATES": 60,
    "ACME-SPRING-SHOES": 80,
    "ACME-BIRD-SEED": 1_200,
    "ACME-PAINT-TUNNEL": 150,
    "ACME-PORTABLE-HOLE": 25,
    "ACME-UMBRELLA": 400,
  },
};

/** Adds the stock that is missing, with its entry in the audit trail. What is there stays as it is. */
export async function seedInventory(database: Database, now: Instant): Promise<void> {
  const rows = Object.entries(onHand).flatMap(([tenant, skus]) =>
    Object.entries(skus).map(([sku, quantity]) => ({ tenant, sku, id: newId(), onHand: quantity, entry: newId() })),
  );
  await seedStock(database, rows, "service:inventory", now);
}
