/**
 * The providers of the price table, in the order in which those whose ids are theirs alone are tried, and what
 * the source does not say about them. A provider of the source that is missing here fails the build.
 */
import type { Amendment } from './amendments.ts';
import { ANTHROPIC_AMENDMENTS } from './anthropic-amendments.ts';
import { GOOGLE_AMENDMENTS } from './google-amendments.ts';
import { OPENAI_AMENDMENTS } from './openai-amendments.ts';
import { GROQ_AMENDMENTS, X_AI_AMENDMENTS } from './other-amendments.ts';
import { ANTHROPIC_TIERS, GOOGLE_TIERS, OPENAI_TIERS, type TierRule } from './service-tiers.ts';

/** What is said about one provider. */
export interface ProviderSpec {
  /** As in the source. */
  readonly id: string;
  /** Other names under which users of gateways know it. */
  readonly aliases?: readonly string[];
  /**
   * Whether its models are found without its name: those who make models, and those whose ids say whose they
   * are. All others sell the same models under the same names, each at a price of its own.
   */
  readonly isImplied?: boolean;
  readonly amendments?: readonly Amendment[];
  /** Models of the source that are left out, with the reason. */
  readonly withheld?: Readonly<Record<string, string>>;
  readonly serviceTiers?: readonly TierRule[];
}

/** Whoever names one of these without its seller would be charged the price of the cheapest one. */
const NOT_SOLD_BY_OPENAI = 'not sold by OpenAI; the price is that of a reseller';

const MAKERS: readonly ProviderSpec[] = [
  {
    id: 'openai',
    amendments: OPENAI_AMENDMENTS,
    withheld: {
      'gpt-oss-120b': NOT_SOLD_BY_OPENAI,
      'gpt-oss-20b': NOT_SOLD_BY_OPENAI,
      'gpt-oss-safeguard-20b': NOT_SOLD_BY_OPENAI,
    },
    serviceTiers: OPENAI_TIERS,
  },
  { id: 'anthropic', amendments: ANTHROPIC_AMENDMENTS, serviceTiers: ANTHROPIC_TIERS },
  // Before Google, whose rules for Claude would cover the ids of Bedrock (`us.anthropic.claude-…`) too.
  { id: 'aws', aliases: ['bedrock', 'amazon', 'amazon-bedrock'] },
  {
    id: 'google',
    // Google's API itself says `models/gemini-…`.
    aliases: ['gemini', 'vertex', 'vertexai', 'vertex_ai', 'models'],
    amendments: GOOGLE_AMENDMENTS,
    serviceTiers: GOOGLE_TIERS,
  },
  { id: 'mistral', aliases: ['mistralai'] },
  { id: 'deepseek' },
  { id: 'x-ai', aliases: ['xai'], amendments: X_AI_AMENDMENTS },
  { id: 'cohere' },
  { id: 'perplexity' },
  { id: 'moonshotai', aliases: ['moonshot'] },
  { id: 'minimax' },
  // Both sell the GLM models; the dearer one comes first.
  { id: 'zai', aliases: ['z-ai', 'z.ai'] },
  { id: 'zhipuai' },
  { id: 'voyageai', aliases: ['voyage'] },
  { id: 'typesafe' },
  { id: 'fireworks', aliases: ['fireworks_ai', 'fireworks-ai'] },
  { id: 'cloudflare' },
];

const SELLERS: readonly ProviderSpec[] = [
  { id: 'arcee' },
  { id: 'avian' },
  { id: 'azure', aliases: ['azure_openai', 'azure-openai', 'azure_ai'] },
  { id: 'baseten' },
  { id: 'cerebras' },
  { id: 'cursor' },
  { id: 'doubleword' },
  { id: 'github-copilot', aliases: ['github_copilot', 'copilot'] },
  { id: 'groq', amendments: GROQ_AMENDMENTS },
  { id: 'huggingface_cerebras' },
  { id: 'huggingface_fireworks-ai' },
  { id: 'huggingface_groq' },
  { id: 'huggingface_hyperbolic' },
  { id: 'huggingface_nebius' },
  { id: 'huggingface_novita' },
  { id: 'huggingface_nscale' },
  { id: 'huggingface_ovhcloud' },
  { id: 'huggingface_publicai' },
  { id: 'huggingface_sambanova' },
  { id: 'huggingface_together' },
  { id: 'modal' },
  { id: 'novita' },
  { id: 'openrouter' },
  { id: 'ovhcloud' },
  { id: 'quicksilverpro' },
  { id: 'together', aliases: ['together_ai', 'together-ai', 'togetherai'] },
];

export const PROVIDERS: readonly ProviderSpec[] = [
  ...MAKERS.map((provider) => ({ ...provider, isImplied: true })),
  ...SELLERS,
];
