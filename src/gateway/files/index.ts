/** files: folders of files that browsers get, pages and what belongs to them. */
export { FileRoutes, type FoundFile, filesPath } from "./file-routes.ts";
