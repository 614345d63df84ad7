using TorchLm.Core.Checkpoints;
using TorchLm.Core.Configuration;
using TorchLm.Tokenizers;

namespace TorchLm.Export;

/// <summary>A model in another program's files, opened and checked.</summary>
internal interface IForeignModel : IDisposable
{
    /// <summary>Its shape.</summary>
    ModelConfig Config { get; }

    /// <summary>Its tokenizer; null where the files hold none.</summary>
    ITokenizer? Tokenizer { get; }

    /// <summary>Its weights under the names and in the shapes of <see cref="ModelWeights"/>.</summary>
    ITensorSource Weights { get; }
}
