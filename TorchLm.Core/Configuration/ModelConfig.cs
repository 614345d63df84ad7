namespace TorchLm.Core.Configuration;

/// <summary>The shape of the model. The defaults are GPT-2's architecture in nanoGPT's size for a CPU.</summary>
public sealed partial record ModelConfig
{
    /// <summary>
    /// The architecture whose names weights have in files, and whose choices are taken where a setting below is not given: <c>gpt2</c>, which all the
    /// defaults here are, or <c>llama</c>: rotary positions, RMSNorm, SwiGLU.
    /// </summary>
    [OneOf(Gpt2, Llama)]
    public string Family { get; init; } = Gpt2;

    /// <summary>Transformer blocks (L).</summary>
    [AtLeast(1)]
    [AtMost(LargestLayerCount)]
    public int LayerCount { get; init; } = 4;

    /// <summary>Attention heads (H) in each block; divides <see cref="EmbeddingSize"/>.</summary>
    [AtLeast(1)]
    public int HeadCount { get; init; } = 4;

    /// <summary>
    /// Heads of keys and values, each shared by as many query heads (grouped-query attention, Ainslie et al. 2023); divides <see cref="HeadCount"/>, and
    /// 0 means as many.
    /// </summary>
    [AtLeast(0)]
    public int KeyValueHeadCount { get; init; }

    /// <summary>Channels of the residual stream (C).</summary>
    [AtLeast(1)]
    public int EmbeddingSize { get; init; } = 128;

    /// <summary>The longest sequence in tokens (T).</summary>
    [AtLeast(1)]
    public int ContextLength { get; init; } = 64;

    /// <summary>Number of token ids (V); 0 means: as many as the tokenizer has.</summary>
    [AtLeast(0)]
    public int VocabularySize { get; init; }

    /// <summary>
    /// The embedding's rows are padded to a multiple of this (64 suits CUDA's matrix units). Padding rows stay zero, take no part in the loss, can
    /// never be sampled and are in no file.
    /// </summary>
    [AtLeast(1)]
    public int VocabularyMultiple { get; init; } = 1;

    /// <summary>Probability of zeroing an activation in training, in [0, 1).</summary>
    [InRange(0, 1, HighIncluded = false)]
    public double Dropout { get; init; }

    /// <summary>Whether linear layers and LayerNorms have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>
    /// How the model knows where a token stands: <c>learned</c> vectors, <c>sinusoidal</c> ones (Vaswani et al. 2017), <c>rope</c>, which turns queries
    /// and keys (Su et al. 2021), or <c>none</c>, where the causal mask alone tells.
    /// </summary>
    [OneOf(LearnedPositions, Sinusoidal, Rope, NoPositions)]
    public string Positions { get; init; } = LearnedPositions;

    /// <summary>For <c>rope</c>, the wavelength in tokens, over 2π, that the slowest pair of channels nearly has.</summary>
    [InRange(1)]
    public double RopeBase { get; init; } = 10_000;

    /// <summary>For <c>rope</c>, what positions are divided by (position interpolation, Chen et al. 2023), to read on beyond an earlier context.</summary>
    [InRange(1, 1000)]
    public double RopeScale { get; init; } = 1;

    /// <summary>What normalises: <c>layernorm</c> (Ba et al. 2016) or <c>rmsnorm</c> (Zhang and Sennrich 2019).</summary>
    [OneOf(LayerNorm, RmsNorm)]
    public string Norm { get; init; } = LayerNorm;

    /// <summary>Whether norms multiply by a learned gain.</summary>
    public bool NormGain { get; init; } = true;

    /// <summary>What norms add to the mean square before they divide by its root.</summary>
    [InRange(0, 1, LowIncluded = false)]
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>
    /// Where norms stand: <c>pre</c>, before attention and the MLP (Radford et al. 2019), or <c>post</c>, after their sum with the residual stream
    /// (Vaswani et al. 2017).
    /// </summary>
    [OneOf(PreNorm, PostNorm)]
    public string NormPlacement { get; init; } = PreNorm;

    /// <summary>Whether embeddings are normalised before the first block.</summary>
    public bool EmbeddingNorm { get; init; }

    /// <summary>
    /// The feed-forward network: C to <see cref="MlpSize"/>, <c>gelu</c> (Hendrycks and Gimpel 2016) or <c>relu2</c>, max(0, x)² (So et al. 2021), and
    /// back; or <c>swiglu</c>, with a second projection that is multiplied by the first one's SiLU (Shazeer 2020).
    /// </summary>
    [OneOf(GeluMlp, Relu2, SwiGlu)]
    public string Mlp { get; init; } = GeluMlp;

    /// <summary>
    /// Channels inside the MLP (F); 0 means 4·C, or for <c>swiglu</c>, which has three matrices in place of two, 8/3·C rounded up to a multiple of 32.
    /// </summary>
    [AtLeast(0)]
    public int MlpSize { get; init; }

    /// <summary>The form of <c>gelu</c>: <c>tanh</c> (GPT-2's approximation, Hugging Face's gelu_new) or <c>exact</c>.</summary>
    [OneOf("tanh", "exact")]
    public string Gelu { get; init; } = "tanh";

    /// <summary>Whether each head's queries and keys are normalised to a root mean square of 1 (Henry et al. 2020), so that scores stay bounded.</summary>
    public bool QkNorm { get; init; }

    /// <summary>The largest number that normalised queries and keys may be multiplied by.</summary>
    public const double MostQkNormScale = 100;

    /// <summary>What normalised queries and keys are multiplied by.</summary>
    [InRange(0, MostQkNormScale, LowIncluded = false)]
    public double QkNormScale { get; init; } = 1;

    /// <summary>Tokens that a position sees at most, itself included (sliding-window attention, Beltagy et al. 2020); 0 means all before it.</summary>
    [AtLeast(0)]
    public int SlidingWindow { get; init; }

    /// <summary>With a sliding window, each so many-th block sees everything all the same, and the last one; 0 means none does.</summary>
    [AtLeast(0)]
    public int FullAttentionInterval { get; init; }

    /// <summary>
    /// Positions, this one included, that a convolution before each attention and MLP reads, channel by channel (So et al. 2021, Allen-Zhu 2025); 0 has none.
    /// </summary>
    [AtLeast(0)]
    [AtMost(64)]
    public int ConvolutionWidth { get; init; }

    /// <summary>Whether each block first mixes the embeddings back into the residual stream, by two learned numbers.</summary>
    public bool EmbeddingShortcuts { get; init; }

    /// <summary>Whether each block has an embedding of its own for tokens, which is added to attention's values by a learned share.</summary>
    public bool ValueEmbeddings { get; init; }

    /// <summary>Whether the output head shares the token embedding's weights (Press and Wolf 2017).</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>Logits become cap·tanh(logit / cap) (Gemma 2, 2024); 0 leaves them.</summary>
    [InRange(0, 1000)]
    public double LogitSoftCap { get; init; }

    /// <summary>Standard deviation of the initial weights; those that write to the residual stream have 1/√(2L) of it.</summary>
    [InRange(0, 10, LowIncluded = false)]
    public double InitialDeviation { get; init; } = 0.02;

    /// <summary>Whether the matrices that write to the residual stream, and an untied head, begin at zero, so that each block is the identity at first.</summary>
    public bool ZeroInitProjections { get; init; }

    /// <summary>
    /// Maximal update parametrisation (Yang et al. 2022), by which a learning rate found at a small width suits a larger one: at m times this width, matrices
    /// of blocks begin with 1/√m of the deviation and learn at 1/m of the rate (but Muon's), and logits are divided by m. Heads keep their size: there are m times
    /// as many of them. 0 is the standard parametrisation.
    /// </summary>
    [AtLeast(0)]
    public int BaseWidth { get; init; }
}
