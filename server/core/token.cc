#include "server/core/token.h"

namespace docstore::core {

ResolveToken ResolveTokenOf(const Document& document) {
  ResolveToken token{
      .context = document.context, .dots = document.dots(), .hlc = document.max_hlc()};
  for (const Dot& dot : token.dots) token.context.Join(dot);
  return token;
}

}  // namespace docstore::core
