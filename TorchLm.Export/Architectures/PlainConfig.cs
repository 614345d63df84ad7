using TorchLm.Core.Configuration;

namespace TorchLm.Export.Architectures;

/// <summary>Shapes as a person would write them.</summary>
internal static class PlainConfig
{
    /// <summary>The same shape with 0 where a number is what 0 means.</summary>
    public static ModelConfig Plain(this ModelConfig config) => config with
    {
        KeyValueHeadCount = config.KeyValueHeads == config.HeadCount ? 0 : config.KeyValueHeadCount,
        MlpSize = config.MlpWidth == (config with { MlpSize = 0 }).MlpWidth ? 0 : config.MlpSize,
    };
}
