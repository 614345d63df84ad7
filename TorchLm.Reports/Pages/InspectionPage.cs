using TorchLm.Core.Model;
using TorchLm.Tokenizers;

namespace TorchLm.Reports.Pages;

/// <summary>A page that shows what went on inside a model while it read a text.</summary>
public static class InspectionPage
{
    /// <summary>More tokens than this are more cells than a person looks at and a browser shows at ease.</summary>
    public const int MostTokens = 256;

    private static readonly string[] s_parts = ["inspect.css", "inspect-common.js", "inspect-text.js", "inspect-lens.js", "inspect-attention.js"];

    /// <summary>The whole file.</summary>
    /// <param name="inspection">What to show.</param>
    /// <param name="tokenizer">Says what the tokens are.</param>
    /// <param name="model">What the model is called.</param>
    /// <param name="cut">How many tokens of the prompt came behind those that are shown.</param>
    public static string Of(ModelInspection inspection, ITokenizer tokenizer, string model, int cut = 0)
    {
        int layers = inspection.Attention.Count, heads = inspection.Attention[0].Heads;
        string subtitle = $"What the model computed while it read {inspection.Ids.Count} tokens: {layers} {Plural("layer", layers)} with {heads} " +
            $"{Plural("head", heads)} each, a vocabulary of {inspection.VocabularySize:N0} tokens." +
            (cut > 0 ? $" The prompt was longer; its last {cut:N0} {Plural("token", cut)} {(cut == 1 ? "is" : "are")} not shown." : "");
        return Page.Of($"Inside {model}", subtitle, Html.Of($"""
            {Facts(inspection)}
            {Surprise()}
            {Lens()}
            {Attention(layers, heads)}
            """), InspectionData.Of(inspection, tokenizer), s_parts);
    }

    private static Html Facts(ModelInspection inspection)
    {
        FollowingToken[] following = [.. inspection.Predictions.Select(reading => reading.Next).OfType<FollowingToken>()];
        int first = following.Count(next => next.Rank == 1);
        return Html.Of($"""
            <div class="facts">
            <div class="fact"><b id="mean-loss">{inspection.MeanLoss:0.0000}</b><span>mean loss, nats per token</span></div>
            <div class="fact"><b id="perplexity">{Math.Exp(inspection.MeanLoss):N2}</b>
            <span>perplexity: as unsure as among so many equally likely tokens</span></div>
            <div class="fact"><b>{first} of {following.Length}</b><span>tokens were the model's first choice</span></div>
            <div class="fact"><b>{Math.Log(inspection.VocabularySize):0.00}</b>
            <span>nats: the loss of guessing blindly, ln({inspection.VocabularySize})</span></div>
            </div>
            """);
    }

    private static Html Surprise() => Html.Of($"""
        <section aria-labelledby="surprise">
        <h2 id="surprise">How surprising was each token?</h2>
        <p>The stronger a token's colour, the less the model expected it after what comes before. Its loss is minus the natural logarithm of the
        probability that the model gave it. The first token has none, because nothing comes before it.</p>
        <div class="legend" id="text-legend" data-scale="loss"></div>
        <div class="beside">
        <div id="text" class="card tokens text" role="group" aria-label="The text, token by token; arrow keys go from one to the next"></div>
        <div id="text-detail" class="card detail" aria-live="polite"></div>
        </div>
        </section>
        """);

    private static Html Lens() => Html.Of($"""
        <section aria-labelledby="lens">
        <h2 id="lens">How does the prediction come about?</h2>
        <p>Each column is a position of the text. Read downwards: the token that the model would say next if it ended after the embedding, after
        its first layer, and so on, down to what it says (this is known as the logit lens). The embedding alone tends to repeat the last token read,
        because the output head is the same table. Choose a cell for more.</p>
        <div class="bar"><div class="choices" role="group" aria-label="Colour of the cells">
        <button type="button" id="by-first" aria-pressed="true">Probability of the first choice</button>
        <button type="button" id="by-real" aria-pressed="false">Probability of what really follows</button>
        </div><div class="legend" id="lens-legend" data-scale="share"></div></div>
        <div class="scroll card flush"><table id="lens-table" role="grid" aria-label="First choice after each layer, for each position"></table></div>
        <div id="lens-detail" class="card detail" aria-live="polite"></div>
        </section>
        """);

    private static Html Attention(int layers, int heads) => Html.Of($"""
        <section aria-labelledby="attention">
        <h2 id="attention">Where does each head look?</h2>
        <p>In every head of every layer each token spreads its attention over the tokens so far, itself included, and takes something from each of
        them in proportion. A row of a map is a token that looks, a column one that is looked at; the upper triangle is empty, because nothing looks
        ahead.</p>
        <div class="legend" id="attention-legend" data-scale="share"></div>
        <h3>{layers * heads} {Plural("head", layers * heads)} to choose from</h3>
        <div class="scroll card fitting"><div id="heads" role="group" aria-label="Heads; arrow keys go from one to the next"></div></div>
        <h3 id="head-title"></h3>
        <div class="beside">
        <div class="card" id="map-box"><canvas id="map" role="img"></canvas></div>
        <div class="card"><p class="note">Point at the map or choose a token to see where it looks:</p>
        <div id="attention-text" class="tokens" role="group" aria-label="The token that looks; arrow keys go from one to the next"></div>
        <div class="detail" id="attention-detail" aria-live="polite"></div></div>
        </div>
        </section>
        """);

    private static string Plural(string noun, int count) => count == 1 ? noun : noun + "s";
}
