/**
 * Finds treatments by what people type: parts of words, in any order, accents or none.
 */

/**
 * @param {string} text
 * @returns {string} in small letters, without accents
 */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/**
 * The services that have every word of the query in their name, description or heading.
 * @param {{ categories: { name: string, services: object[] }[] }} menu
 * @param {string} query
 * @returns {object[]} services whose name matches first
 */
export function find(menu, query) {
  const asked = plain(query).split(/\s+/).filter(Boolean);
  const hits = [];
  for (const category of menu.categories) {
    for (const service of category.services) {
      const tiers = service.classifications.map((offer) => offer.classification).join(" ");
      const text = plain(`${service.name} ${service.description} ${category.name} ${tiers}`);
      if (asked.every((word) => text.includes(word))) hits.push(service);
    }
  }
  const isNamed = (service) => asked.some((word) => plain(service.name).includes(word));
  return [...hits.filter(isNamed), ...hits.filter((service) => !isNamed(service))];
}
