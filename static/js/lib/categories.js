/**
 * The menu's categories, to browse its offers or to filter the customers who wait.
 */

/**
 * @typedef {{ id: number, name: string, offers: ReadonlySet<number>, services: ReadonlySet<number> }}
 *   Category with the keys of its options and treatments
 */

/**
 * @param {Pick<Wire.MenuData, "categories">} menu
 * @returns {Category[]}
 */
export function categoriesOf(menu) {
  return menu.categories.map(({ id, name, services }) => ({
    id,
    name,
    offers: new Set(services.flatMap((service) => service.classifications.map((each) => each.id))),
    services: new Set(services.map((service) => service.id)),
  }));
}
