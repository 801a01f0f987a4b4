import { z } from "zod";

/** Money is a whole number of minor units (cents), everywhere. */
export const Money = z.int().min(0).max(1_000_000_000);
export const ProductId = z.int().min(1);
export const Quantity = z.int().min(1).max(1_000);

export const Product = z.object({
  id: ProductId,
  name: z.string(),
  category: z.string(),
  description: z.string(),
  price: Money,
  stock: z.int(),
});

export const Line = z.object({ productId: ProductId, quantity: Quantity });
export const PricedLine = z.object({ productId: ProductId, quantity: Quantity, price: Money });

export const Purchase = z.object({
  purchaseId: z.string(),
  items: z.array(PricedLine),
  total: Money,
  at: z.string(),
});

/** A purchase on its way: whose it is, and what. */
export const Order = Purchase.extend({ memberId: z.string() });
