// SampleData: the documents that a demo starts with, and those of its load.
//
// Small enough to read at the prompt; the same in every demo. Pure.

#ifndef DOCSTORE_CLIENT_DEMO_SAMPLE_DATA_H_
#define DOCSTORE_CLIENT_DEMO_SAMPLE_DATA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "client/document.h"

namespace docstore::client::demo {

// Two collections, people and stock.
std::vector<BulkItem> SampleDocuments();

// Document `number` (from 1) of collection load; ids are ordered as their numbers up to 9 999 999.
BulkItem LoadDocument(uint64_t number);

}  // namespace docstore::client::demo

#endif  // DOCSTORE_CLIENT_DEMO_SAMPLE_DATA_H_
