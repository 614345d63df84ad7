namespace TorchLm.Core.Model;

/// <summary>A token and how likely it is to come next.</summary>
/// <param name="Id">The token.</param>
/// <param name="Probability">In [0, 1].</param>
public readonly record struct TokenChance(int Id, double Probability);

/// <summary>What a model expects after one position, read off after one of its layers.</summary>
/// <param name="Top">The likeliest tokens, the likeliest first.</param>
/// <param name="Next">What it makes of the token that really follows; null at the last position, which nothing follows.</param>
public sealed record LensReading(IReadOnlyList<TokenChance> Top, FollowingToken? Next);

/// <summary>What a model makes of the token that really follows.</summary>
/// <param name="Id">The token.</param>
/// <param name="Loss">Minus the logarithm of its probability, in nats.</param>
/// <param name="Rank">1 if no token is likelier, 2 if one is, and so on.</param>
public sealed record FollowingToken(int Id, double Loss, int Rank)
{
    /// <summary>How likely it is, in [0, 1].</summary>
    public double Probability => Math.Exp(-Loss);
}
