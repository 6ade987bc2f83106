/**
 * Find treatments by what people type: parts of words, in any order, accents or none.
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
 * @param {Pick<Wire.MenuData, "categories">} menu
 * @param {string} query
 * @returns {Wire.ServiceData[]} services whose name matches first
 */
export function find(menu, query) {
  const asked = plain(query).split(/\s+/).filter(Boolean);
  /** @type {Wire.ServiceData[]} */
  const hits = [];
  for (const category of menu.categories) {
    for (const service of category.services) {
      const tiers = service.classifications.map((offer) => offer.classification).join(" ");
      const text = plain(`${service.name} ${service.description} ${category.name} ${tiers}`);
      if (asked.every((word) => text.includes(word))) hits.push(service);
    }
  }
  /** @param {Wire.ServiceData} service */
  const isNamed = (service) => asked.some((word) => plain(service.name).includes(word));
  return [...hits.filter(isNamed), ...hits.filter((service) => !isNamed(service))];
}

/**
 * Single offers (a service in one of its tiers) by what staff type: every word must begin one of
 * the offer's, so "swe 90" is enough.
 * @template {{ service: string, classification: string }} Offer
 * @param {Iterable<Offer>} offers
 * @param {string} query
 * @param {number} [most]
 * @returns {Offer[]} in menu order; nothing for an empty query
 */
export function findOffers(offers, query, most = 8) {
  const asked = plain(query).split(/\s+/).filter(Boolean);
  if (asked.length === 0) return [];
  /** @param {Offer} offer */
  const fits = (offer) => {
    const parts = plain(`${offer.service} ${offer.classification}`).split(/[^\p{L}\p{N}]+/u);
    return asked.every((word) => parts.some((part) => part.startsWith(word)));
  };
  return [...offers].filter(fits).slice(0, most);
}

/**
 * Customers by what staff type: part of their number, or the beginning of each word of their name.
 * @template {{ code: string, customer_name: string }} Row
 * @param {readonly Row[]} rows
 * @param {string} query
 * @returns {readonly Row[]} in the order of the line; all of them for an empty query
 */
export function findCustomers(rows, query) {
  const asked = plain(query).split(/\s+/).filter(Boolean);
  if (asked.length === 0) return rows;
  return rows.filter(({ code, customer_name }) => {
    const names = plain(customer_name).split(/[^\p{L}\p{N}]+/u);
    return asked.every(
      (word) => code.includes(word) || names.some((each) => each.startsWith(word)),
    );
  });
}
