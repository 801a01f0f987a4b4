/** Zod tries once whether it may make code from text, which the pages' policy forbids and the browser would report. Before any contract. */
import { config } from "zod";

config({ jitless: true });
