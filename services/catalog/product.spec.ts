import { changed, factOf, newProduct, productView } from "./product.ts";

const NOW = "2026-03-01T12:00:00.000Z";
const LATER = "2026-03-02T12:00:00.000Z";
const price = { amount: 1_899, currency: "EUR" };
const coffee = newProduct("id", "demo", { sku: "COFFEE", name: "Coffee", price }, NOW);

describe("a product", () => {
  it("is sold from the first, and empty where nothing was said", () => {
    expect(productView(coffee)).toEqual({
      id: "id",
      sku: "COFFEE",
      name: "Coffee",
      description: "",
      category: "uncategorised",
      price,
      attributes: {},
      images: [],
      seo: {},
      active: true,
      version: 1,
      createdAt: NOW,
      updatedAt: NOW,
    });
  });

  it("keeps its tenant to itself", () => {
    expect(productView(coffee)).not.toHaveProperty("tenant");
    expect(factOf(coffee)).not.toHaveProperty("tenant");
  });

  it("keeps what a change leaves out", () => {
    const cheaper = changed(coffee, { price: { amount: 1_500, currency: "EUR" } }, LATER);
    expect(cheaper).toEqual({ ...coffee, priceAmount: 1_500, version: 2, updatedAt: LATER });
    expect(changed(coffee, { active: false }, LATER)).toEqual({
      ...coffee,
      active: false,
      version: 2,
      updatedAt: LATER,
    });
  });

  it("stays the same when a change says what is so already, in whatever order", () => {
    const described = changed(
      coffee,
      { attributes: { roast: "dark", weight: 1 }, seo: { title: "T", slug: "s" } },
      LATER,
    );
    const again = { name: "Coffee", price, attributes: { weight: 1, roast: "dark" }, seo: { slug: "s", title: "T" } };
    expect(changed(described, again, LATER)).toBe(described);
  });

  it("tells members with the same texts from each other", () => {
    const images = [{ url: "https://a" }, { url: "https://b" }];
    const shown = changed(coffee, { images }, NOW);
    expect(changed(shown, { images: images.toReversed() }, LATER).version).toBe(3);
  });
});
